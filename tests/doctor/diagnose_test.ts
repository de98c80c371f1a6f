import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { StaticClientConfigStore } from "@m2m/authenticator";
import { type Check, diagnose, type DiagnoseOptions } from "@m2m/authenticator/doctor";
import { chooseCause, listRuledOut } from "../../src/doctor/conclude.ts";
import { OpenExamination } from "../../src/doctor/examine.ts";
import { classifyFailure } from "../../src/doctor/network_failure.ts";
import { runStep } from "../../src/doctor/run_step.ts";

const tokenEndpoint = "http://127.0.0.1:9/token";
const secret = "a-secret-of-mine";

/** A server that issues tokens, and an API that takes them. */
function answer(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const url = String(input);
  const isAuthorized = new Headers(init?.headers).has("authorization");
  if (url.includes("/.well-known/")) return Promise.resolve(new Response(null, { status: 404 }));
  if (url !== tokenEndpoint) return Promise.resolve(new Response("[]", { status: isAuthorized ? 200 : 401 }));
  const token = { access_token: `token-${crypto.randomUUID()}`, token_type: "Bearer", expires_in: 600 };
  return Promise.resolve(
    isAuthorized ? Response.json(token) : Response.json({ error: "invalid_client" }, { status: 401 }),
  );
}

function makeOptions(more: object = {}): DiagnoseOptions {
  return {
    endpoint: "http://127.0.0.1:9/api",
    clientId: "my-client",
    clientSecret: secret,
    configStore: new StaticClientConfigStore({ tokenEndpoint }),
    fetch: answer,
    ...more,
  } as DiagnoseOptions;
}

Deno.test("diagnose: finds nothing wrong by a transport of the caller's, which is asked alone", async () => {
  const steps: string[] = [];
  const heard: Check[] = [];
  const listeners = { onStep: (name: string) => steps.push(name), onCheck: (check: Check) => heard.push(check) };
  const { isFine, cause, checks, tokenRequests } = await diagnose(makeOptions(listeners));

  assertEquals({ isFine, cause, heard }, { isFine: true, cause: undefined, heard: checks as Check[] });
  assert(tokenRequests >= 1 && steps.includes("client authentication"));
});

Deno.test("diagnose: wrong options are checks, whatever they are", async () => {
  const wrong: [object, RegExp][] = [
    [{ endpoint: undefined }, /endpoint/],
    [{ endpoint: "api.example.com" }, /endpoint/],
    [{ clientId: "" }, /clientId/],
    [{ clientSecret: undefined }, /clientSecret/],
    [{ configStore: undefined }, /configStore/],
    [{ scopes: "a b" }, /scopes/],
    [{ timeout: -1 }, /timeout/],
    [{ verify: "ca.pem" }, /verify/],
    [{ fetch: "fetch" }, /fetch/],
    [{ stepTimeout: "5s" }, /stepTimeout/],
    [{ maxTokenRequests: -1 }, /maxTokenRequests/],
    [{ configStore: new StaticClientConfigStore({ tokenEndpoint: "/token" }) }, /tokenEndpoint/],
  ];
  for (const [more, change] of wrong) {
    const { cause, isFine, tokenRequests } = await diagnose(makeOptions(more));
    assertEquals([cause?.code, isFine, tokenRequests], ["invalid_option", false, 0], JSON.stringify(more));
    assertMatch(cause!.change!, change);
  }
  await assertRejects(() => diagnose(undefined as unknown as DiagnoseOptions), TypeError, "options");
});

Deno.test("diagnose: advice names options as the caller does", async () => {
  const optionNames = { clientSecret: "--secret-file" };
  const { cause } = await diagnose(makeOptions({ clientSecret: undefined, optionNames }));
  assertEquals(cause?.change, "Set --secret-file or clientAuth.");
});

Deno.test("diagnose: rejects with the signal's reason, whatever is under way", async () => {
  const reason = new Error("enough");
  const never = () => new Promise<never>(() => {});
  for (const more of [{ fetch: never }, { configStore: { getClientConfig: never } }, { clientSecret: never }]) {
    const controller = new AbortController();
    const diagnosing = diagnose(makeOptions({ ...more, signal: controller.signal }));
    setTimeout(() => controller.abort(reason), 20);
    assertEquals(await diagnosing.catch((error) => error), reason);
  }
  assertEquals(await diagnose(makeOptions({ signal: AbortSignal.abort(reason) })).catch((error) => error), reason);
});

Deno.test("diagnose: sends no more token requests than it may, and no secret stands in what it says", async () => {
  for (const maxTokenRequests of [0, 1, 3]) {
    let sent = 0;
    const fetch: typeof answer = (input, init) => {
      const authorization = new Headers(init?.headers).get("authorization");
      if (String(input) !== tokenEndpoint || !authorization) return answer(input, init);
      sent++;
      const description = `${secret} in ${authorization} is wrong`;
      return Promise.resolve(
        Response.json({ error: "invalid_client", error_description: description }, { status: 401 }),
      );
    };
    const diagnosis = await diagnose(makeOptions({ fetch, maxTokenRequests, clientSecret: () => secret }));
    assert(sent <= maxTokenRequests && diagnosis.tokenRequests >= sent, `${sent} of ${maxTokenRequests}`);
    assert(!new RegExp(`${secret}|${btoa(`my-client:${secret}`)}`).test(JSON.stringify(diagnosis)));
  }
});

Deno.test("runStep: what a step throws is a warned check, and one that never ends is given up", async () => {
  const examination = new OpenExamination(makeOptions({ stepTimeout: 1 }));
  const step = { name: "a step", run: () => Promise.reject(new Error(`it quotes ${secret}`)) };
  const [check] = await runStep(step, examination);
  assertEquals([check?.status, check?.code], ["warned", "unexplained"]);
  assertEquals(check?.seen, "The check itself failed: it quotes [redacted].");
  const skipped = await runStep({ ...step, needs: ["token"] }, examination);
  assertEquals(skipped.map(({ status, seen }) => [status, seen]), [["skipped", "Not looked at: no token was issued."]]);
  await examination.close();
});

Deno.test("chooseCause, listRuledOut: the failed check that explains most", () => {
  const make = (name: string, status: Check["status"], code?: Check["code"]): Check => ({
    ...{ name, status, code, seen: "", duration: 0 },
  });
  const table: [string, Check[]][] = [
    ["none", [make("clock", "warned", "clock_ahead"), make("proxy", "passed")]],
    ["settings", [make("settings", "failed", "issuer_mismatch"), make("connection", "failed", "connection_refused")]],
    ["TLS", [make("settings", "failed", "settings_unavailable"), make("TLS", "failed", "tls_expired")]],
    ["token request", [make("TLS (API)", "failed", "tls_expired"), make("token request", "failed", "invalid_scope")]],
    ["client authentication", [
      make("clock", "warned", "clock_ahead"),
      make("token endpoint", "failed", "unexplained"),
      make("client authentication", "failed", "wrong_secret"),
    ]],
  ];
  for (const [expected, checks] of table) assertEquals(chooseCause(checks)?.name ?? "none", expected);
  const checks = [make("TLS", "passed"), make("proxy", "passed"), make("TLS", "warned", "tls_expired")];
  assertEquals(listRuledOut(checks), ["proxy"]);
});

Deno.test("classifyFailure: reads the messages of all runtimes", () => {
  const table: [string, string][] = [
    ["connection_refused", "connect ECONNREFUSED 127.0.0.1:1"],
    ["connection_refused", "tcp connect error: Connection refused (os error 111)"],
    ["connection_refused", "Unable to connect. Is the computer able to access the url?"],
    ["connection_closed", "client error (Connect): Connection reset by peer (os error 104)"],
    ["name_not_resolved", "dns error: failed to lookup address information: Name or service not known"],
    ["tls_untrusted", "invalid peer certificate: UnknownIssuer"],
    ["tls_expired", "invalid peer certificate: Expired"],
    ["tls_name_mismatch", "invalid peer certificate: NotValidForNameContext"],
    ["client_certificate_required", "received fatal alert: CertificateRequired"],
    ["client_certificate_rejected", "received fatal alert: CertificateExpired"],
    ["not_tls", "received corrupt message of type InvalidContentType"],
    ["not_http", "Response does not match the HTTP/1.1 protocol (Expected HTTP/, RTSP/ or ICE/)"],
    ["proxy_login_required", "Proxy refused to open a tunnel: 407 Proxy Authentication Required"],
    ["unexplained", "it just didn't work"],
  ];
  for (const [code, message] of table) {
    assertEquals(classifyFailure(new TypeError("fetch failed", { cause: new Error(message) }), "").code, code, message);
  }
});
