import { assertEquals, assertThrows } from "@std/assert";
import {
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  type Fetch,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { dpop } from "@m2m/authenticator/dpop";
import { type Step, stepUp, type StepUpOptions } from "@m2m/authenticator/scope-step-up";
import { behaviours, type TestApiAnswer, testServers } from "@m2m/authenticator/testing";

const challenge = (status: number, parameters: string, scheme = "Bearer") =>
  new Response("a body", { status, headers: { "www-authenticate": `${scheme} ${parameters}` } });
const lack = (scope: string) => challenge(403, `realm="a, b", error="insufficient_scope", scope="${scope}"`);

/** An API whose paths are the scopes they need. */
const byPath: TestApiAnswer = async (request, { scopes }) => {
  const needed = new URL(request.url).pathname.slice(1);
  return scopes.includes(needed) ? new Response(await request.text()) : lack(needed);
};

/** Makes it, an authenticator with the scope `read`, and what steps up. */
function setStage(
  { answer = byPath, known, ...own }:
    & { answer?: TestApiAnswer; known?: string[] }
    & Partial<ClientCredentialsAuthenticatorOptions> = {},
  options: StepUpOptions = {},
) {
  const kit = testServers({ answer, scopes: known });
  const authenticator = new ClientCredentialsAuthenticator({ ...kit.options, scopes: ["read"], ...own });
  const steps: Step[] = [];
  const fetch = stepUp(authenticator, { onStep: (step) => void steps.push(step), ...options });
  const requests = () =>
    kit.authorizationServer.requests.map(({ form }) => Object.fromEntries<string | undefined>(form));
  const status = async (...parameters: Parameters<typeof fetch>) => {
    const response = await fetch(...parameters);
    await response.body?.cancel();
    return response.status;
  };
  return { kit, authenticator, steps, fetch, status, scopes: () => requests().map(({ scope }) => scope), requests };
}

Deno.test("stepUp: the union of scopes is requested once for 100 callers, whose bodies are replayed, and kept", async () => {
  const { kit, fetch, scopes, steps } = setStage();
  await fetch("/read");
  const send = async (body: string) => await (await fetch("/write", { method: "POST", body })).text();
  const bodies = Array.from({ length: 100 }, (_, index) => `body ${index}`);
  assertEquals(await Promise.all(bodies.map(send)), bodies);
  assertEquals(scopes(), ["read", "read write"]);
  const before = kit.api.calls.length;
  const request = new Request(`${kit.api.endpoint}/write`, { method: "PUT", body: "one" });
  assertEquals([await (await fetch(request)).text(), await send("two")], ["one", "two"]);
  assertEquals([kit.api.calls.length - before, scopes().length], [2, 2]);
  const forwarded = new Request("https://other.test/", { method: "PUT", body: "three" });
  assertEquals(await (await fetch("/delete", forwarded)).text(), "three");
  assertEquals(steps.map(({ reason, scopes }) => [reason, scopes]), [
    ["insufficient_scope", ["read", "write"]],
    ["insufficient_scope", ["read", "write", "delete"]],
  ]);
});

Deno.test("stepUp: calls with other demands at the same time lose none of them", async () => {
  const { status, scopes } = setStage();
  const statuses = () => Promise.all(["/write", "/delete", "/read"].map((path) => status(path)));
  assertEquals([await statuses(), scopes()], [[200, 200, 200], ["read", "read write", "read delete"]]);
  // The first one stays in use until there is one with all of both.
  assertEquals([await status("/write"), scopes().length], [200, 3]);
  assertEquals([await statuses(), await statuses(), scopes().slice(3)], [
    [200, 200, 200],
    [200, 200, 200],
    ["read write delete"],
  ]);
});

Deno.test("stepUp: where the new token isn't enough, the response is the caller's, and nothing is sent twice again", async () => {
  const { kit, status, scopes } = setStage({ answer: () => lack("write") });
  assertEquals([await status("/"), await status("/"), kit.api.calls.length], [403, 403, 3]);
  assertEquals(scopes(), ["read", "read write"]);
});

Deno.test("stepUp: a stream isn't sent again: the 403 is the caller's, and later calls have the token", async () => {
  const { fetch, status, scopes } = setStage();
  const body = new Blob(["text"]).stream();
  assertEquals(await (await fetch("/write", { method: "POST", body })).text(), "a body");
  assertEquals([await status("/write"), scopes()], [200, ["read", "read write"]]);
});

Deno.test("stepUp: scopes that the server refuses are requested once, and the token in use stays", async () => {
  const { fetch, status, scopes } = setStage({ known: ["read", "delete"], cooldown: 0 });
  assertEquals(await (await fetch("/write")).text(), "a body");
  assertEquals([await status("/write"), await status("/read"), await status("/delete")], [403, 200, 200]);
  assertEquals(scopes(), ["read", "read write", "read delete"]);
});

Deno.test("stepUp: a failure that passes is the caller's 403, and the scopes are requested again later", async () => {
  const { kit, status, scopes } = setStage({ retry: { maxAttempts: 1, maxDelay: 1 } });
  await status("/read");
  kit.authorizationServer.next(behaviours.status(503));
  assertEquals([await status("/write"), await status("/read")], [403, 200]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals([await status("/write"), scopes()], [200, ["read", "read write", "read write"]]);
});

Deno.test("stepUp: a call that is given up waits for no token", async () => {
  const { kit, authenticator, fetch, status } = setStage();
  await status("/read");
  kit.authorizationServer.next(behaviours.stall());
  const controller = new AbortController();
  const call = fetch("/write", { signal: controller.signal }).catch((error) => error);
  setTimeout(() => controller.abort("enough"), 10);
  assertEquals(await call, "enough");
  await authenticator.close();
});

Deno.test("stepUp: what asks for no other token, or isn't about this one, is the caller's", async () => {
  const scope = 'error="insufficient_scope", scope="write"';
  const ours: [what: string, answer: () => Response, init?: RequestInit][] = [
    ["401", () => challenge(401, scope)],
    ["no scope", () => challenge(403, 'error="insufficient_scope"')],
    ["a scope that is none", () => challenge(403, 'error="insufficient_scope", scope="a\\\\b"')],
    ["another scheme", () => challenge(403, scope, "Basic")],
    ["another error", () => challenge(403, 'error="access_denied", scope="write"')],
    [
      "a user is asked for (RFC 9470)",
      () => challenge(401, 'error="insufficient_user_authentication", acr_values="a"'),
    ],
    ["claims that are none", () => challenge(403, `error="insufficient_claims", claims="${btoa("[]")}"`)],
    ["a header of the caller's", () => challenge(403, scope), { headers: { authorization: "Bearer own" } }],
  ];
  for (const [what, answer, init] of ours) {
    const own = { isRejected: () => false, fetch: ((input, init) => send(input, init)) as Fetch };
    const { kit, authenticator, status } = setStage(own);
    const send: Fetch = async (input, init) =>
      new Request(input, init).url.startsWith(kit.api.endpoint) ? answer() : await kit.fetch(input, init);
    await authenticator.ready();
    assertEquals([await status("/", init), kit.authorizationServer.requests.length], [answer().status, 1], what);
  }
});

Deno.test("stepUp: another origin's challenge counts only if it is allowed; the derived authenticator keeps all else", async () => {
  const other = "https://files.test";
  const cases: [string[] | undefined, number[]][] = [[[], [403, 403]], [undefined, [200, 200]]];
  for (const [allowedOrigins, statuses] of cases) {
    const stage = setStage({
      allowedOrigins: [other],
      callerHeader: "replace",
      headerKey: "x-token",
      fetch: async (input, init) => {
        const { url, headers } = new Request(input, init);
        if (!url.startsWith(other)) return await stage.kit.fetch(input, init);
        const last = stage.kit.authorizationServer.requests.at(-1)?.form.get("scope");
        return headers.get("x-token")?.startsWith("Bearer ") && last === "read write" ? new Response() : lack("write");
      },
    }, { allowedOrigins });
    const init = { headers: { "x-token": "an SDK's" } };
    assertEquals([await stage.status(`${other}/a`, init), await stage.status(`${other}/b`, init)], statuses);
  }
});

Deno.test("stepUp: what isn't granted any more is given up, and a challenge that is too long is the caller's", async () => {
  const { kit, status, scopes } = setStage();
  assertEquals([await status("/read"), await status("/write"), await status("/read")], [200, 200, 200]);
  const { clientId, clientSecret } = kit.options;
  kit.authorizationServer.register({ clientId, clientSecret, scopes: ["read"] });
  kit.clock.advance(3_600_000);
  assertEquals([await status("/read"), await status("/write"), await status("/read")], [200, 403, 200]);
  assertEquals(scopes(), ["read", "read write", "read write", "read"]);
  const long = setStage({ answer: () => lack(`a${"b".repeat(20_000)}`) });
  assertEquals([await long.status("/read"), long.scopes()], [403, ["read"]]);
});

/** What Entra ID's documentation shows. */
const contextClaims = { access_token: { acrs: { essential: true, value: "c1" } } };

Deno.test("stepUp: claims are requested beside the client's own, once, and with each scope that follows", async () => {
  const own = { access_token: { xms_cc: { values: ["cp1"] } } };
  const both = JSON.stringify({ access_token: { ...own.access_token, ...contextClaims.access_token } });
  const encoded = btoa(JSON.stringify(contextClaims)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  const { kit, status, requests, steps } = setStage({
    isRejected: () => false,
    answer: (request, token) =>
      requests().at(-1)?.claims === both
        ? byPath(request, token)
        : challenge(401, `realm="", error="insufficient_claims", claims="${encoded}"`),
  }, { claims: own });
  assertEquals(await Promise.all(Array.from({ length: 20 }, () => status("/read"))), Array(20).fill(200));
  assertEquals([await status("/read"), await status("/write")], [200, 200]);
  assertEquals(requests().map(({ scope, claims }) => [scope, claims]), [
    ["read", JSON.stringify(own)],
    ["read", both],
    ["read write", both],
  ]);
  assertEquals(steps.map(({ reason }) => reason), ["insufficient_claims", "insufficient_scope"]);
  kit.assertTokenRequests(3);
});

Deno.test("stepUp: sender-constrained tokens step up as well, by their own scheme's challenge", async () => {
  const kit = testServers({
    dpop: { required: true, nonces: true },
    answer: (_, { scopes }) =>
      scopes.includes("write")
        ? new Response()
        : challenge(403, 'error="insufficient_scope", scope="write", algs="ES256"', "DPoP"),
  });
  const fetch = stepUp(new ClientCredentialsAuthenticator({ ...kit.options, scopes: ["read"], dpop: dpop() }));
  assertEquals((await fetch("/v1/files", { method: "POST", body: "text" })).status, 200);
  assertEquals(kit.api.calls.at(-1)?.text, "text");
});

Deno.test("stepUp: claims that don't help are requested once; by a 401, after a refresh", async () => {
  const encoded = btoa(JSON.stringify(contextClaims));
  const { status, requests } = setStage({
    answer: () => challenge(401, `error="insufficient_claims", claims="${encoded}"`),
  });
  assertEquals(await status("/read"), 401);
  const count = requests().length;
  assertEquals(requests().slice(0, 3).map(({ claims }) => claims), [
    undefined,
    undefined,
    JSON.stringify(contextClaims),
  ]);
  await status("/read");
  assertEquals(requests().length <= count + 1, true);
});

Deno.test("stepUp: steps are limited, and can be forbidden", async () => {
  let count = 0;
  const always: TestApiAnswer = () => lack(`scope-${count++}`);
  const limited = setStage({ answer: always }, { maxSteps: 3 });
  for (let calls = 0; calls < 10; calls++) assertEquals(await limited.status("/"), 403);
  assertEquals(limited.scopes().length, 4);
  const off = setStage({}, { maxSteps: 0 });
  assertEquals([await off.status("/write"), off.scopes()], [403, ["read"]]);
  const asked: Step[] = [];
  const forbidden = setStage({}, {
    onStep: (step) => step.scopes?.includes("admin") ? asked.push(step) < 0 : undefined,
  });
  const paths = ["/admin", "/admin", "/write"];
  const statuses = [];
  for (const path of paths) statuses.push(await forbidden.status(path));
  assertEquals([statuses, forbidden.scopes(), asked.length], [[403, 403, 200], ["read", "read write"], 1]);
});

Deno.test("stepUp: scopes of the settings are kept where the server says which it granted", async () => {
  const configStore = new StaticClientConfigStore({ tokenEndpoint: "https://auth.test/oauth/token", scopes: ["read"] });
  const { status, scopes } = setStage({ configStore, scopes: undefined });
  assertEquals([await status("/read"), await status("/write"), scopes()], [200, 200, ["read", "read write"]]);
});

Deno.test("stepUp: says which option it can't use", () => {
  const cases: [StepUpOptions, string][] = [
    [{ maxSteps: -1 }, "maxSteps must be 0 to Infinity."],
    [{ onStep: 1 as never }, "onStep must be a function: got a value of type number."],
    [{ claims: "{}" as never }, 'claims must be an object (OpenID Connect Core §5.5): got "{}".'],
    [{ allowedOrigins: "https://a.test" as never }, "allowedOrigins must be an array"],
  ];
  for (const [options, message] of cases) assertThrows(() => setStage({}, options), Error, message);
});
