import { assertEquals, assertRejects } from "@std/assert";
import {
  AuthenticationError,
  type ClientCredentialsAuthenticatorOptions,
  clientSecretBasic,
  type TokenRequest,
} from "@m2m/authenticator";
import { RejectionCache } from "../../src/token_endpoint/rejection_cache.ts";
import { requestToken } from "../../src/token_endpoint/request_token.ts";
import { authenticatorAt } from "../authenticator_at.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

const json = (error: string, status: number) => Response.json({ error }, { status });

/** A server that takes the secret "right", and a clock that stands still; `reject` counts the requests after its calls. */
function arrange(options: Partial<ClientCredentialsAuthenticatorOptions> = {}) {
  const stub = tokenEndpointStub((count, { headers }) =>
    headers.get("authorization") === `Basic ${btoa("id:right")}`
      ? Response.json({ access_token: `token-${count}` })
      : json("invalid_client", 401)
  );
  const time = { now: 0 };
  const clock = { wall: () => time.now, monotonic: () => time.now };
  const authenticator = authenticatorAt(stub, { clientSecret: "wrong", clock, ...options });
  const reject = async (times = 1, call: () => Promise<unknown> = () => authenticator.getCredentials()) => {
    for (let i = 0; i < times; i++) await assertRejects(call, AuthenticationError, "invalid_client");
    return stub.requests.length;
  };
  return { stub, time, authenticator, reject };
}

for (const [options, cooldown] of [[{}, 5_000], [{ cooldown: 60_000 }, 60_000]] as const) {
  Deno.test(`cooldown: a rejected request isn't sent again for ${cooldown} ms`, async () => {
    const { time, authenticator, reject } = arrange(options);
    for (const now of [0, 1_000, cooldown - 1]) {
      time.now = now;
      await reject();
      await reject(1, () => authenticator.refreshCredentials());
      assertEquals(await reject(1, () => authenticator.fetch("/")), 1);
    }
    const errors = await Promise.all([1, 2].map(() => authenticator.getCredentials().catch((error) => error)));
    assertEquals(new Set(errors).size, 2, "each caller has an error of its own");
    time.now = cooldown;
    assertEquals(await reject(), 2);
  });
}

Deno.test("cooldown: 0 sends each request; a secret that changed during the request is tried, once", async () => {
  assertEquals(await arrange({ cooldown: 0 }).reject(3), 3);
  const secrets = ["wrong", "right"];
  const { authenticator } = arrange({ clientSecret: () => secrets.shift() ?? "right" });
  assertEquals((await authenticator.getCredentials()).accessToken, "token-2");
  let changes = 0;
  assertEquals(await arrange({ clientSecret: () => `wrong-${++changes}` }).reject(), 2);
  const steady = arrange({ clientSecret: () => steady.stub.requests.length === 0 ? "old" : "wrong" });
  assertEquals(await steady.reject(3), 2, "the second rejection counts as well");
});

Deno.test("cooldown: a new proof by the same key, or a new assertion, doesn't end it; another key does", async () => {
  let [key, signed] = ["first", 0];
  const byProof = (request: TokenRequest) => {
    request.credential = key;
    request.headers.set("x-proof", `${++signed}`);
  };
  const byAssertion = ({ body }: TokenRequest) => body.set("client_assertion", `assertion-${++signed}`);
  const [proving, asserting] = [byProof, byAssertion].map((authenticate) =>
    arrange({ clientSecret: undefined, clientAuth: { method: "private_key_jwt", authenticate } })
  );
  assertEquals([await asserting!.reject(5), signed], [1, 5]);
  assertEquals(await proving!.reject(5), 1);
  key = "second";
  assertEquals(await proving!.reject(), 2);
});

/** Requests a token through a cache of five seconds, with one secret. */
function arrangeRequests(answer: (count: number) => Response | Promise<Response>) {
  const stub = tokenEndpointStub(answer);
  const time = { now: 0 };
  const rejections = new RejectionCache();
  const request = (scope: string, signal = new AbortController().signal) =>
    requestToken({
      ...{
        tokenEndpoint: new URL(stub.url),
        clientId: "id",
        clientAuth: clientSecretBasic("wrong"),
        fetch: stub.fetch,
      },
      ...{ grantType: "client_credentials", form: { scope: [scope] }, keys: ["client", scope], signal, rejections },
      clock: { wall: () => time.now, monotonic: () => time.now },
    });
  /** How many requests there were after each of these. */
  const countAfter = async (...scopes: string[]) => {
    const counts = [];
    for (const scope of scopes) {
      await request(scope).catch((error) => assertEquals(error instanceof AuthenticationError, true));
      counts.push(stub.requests.length);
    }
    return counts;
  };
  return { stub, time, request, countAfter };
}

const page = () => new Response("<p>Back soon.</p>");
const token = () => Response.json({ access_token: "t" });
const cases: [name: string, answer: () => Response, counts: number[]][] = [
  ["a 401 of text", () => new Response("Bad credentials", { status: 401 }), [1, 1, 1]],
  ["a 401 of other JSON", () => Response.json({ message: "no" }, { status: 401 }), [1, 1, 1]],
  ["unauthorized_client in a 401", () => json("unauthorized_client", 401), [1, 1, 1]],
  ["invalid_client in a 400", () => json("invalid_client", 400), [1, 1, 1]],
  ["unauthorized_client in a 400", () => json("unauthorized_client", 400), [1, 1, 2]],
  ["a 404", () => new Response("", { status: 404 }), [1, 1, 2]],
  ["a page in a 200, which may be temporary", page, [1, 2, 3]],
  ["a 503", () => new Response("", { status: 503 }), [1, 2, 3]],
];
for (const [name, answer, counts] of cases) {
  Deno.test(`RejectionCache: ${name} is for the client, the scope or neither`, async () => {
    assertEquals(await arrangeRequests(answer).countAfter("a", "a", "b"), counts);
  });
}

Deno.test("RejectionCache: counts a page from the second in a row", async () => {
  const { time, countAfter } = arrangeRequests((count) => count === 2 ? token() : page());
  assertEquals(await countAfter("a", "a", "a", "a", "a"), [1, 2, 3, 4, 4]);
  time.now += 5_000;
  assertEquals(await countAfter("a"), [5]);
});

Deno.test("RejectionCache: an aborted attempt isn't cached, though its answer comes", async () => {
  const late = Promise.withResolvers<Response>();
  const { stub, request } = arrangeRequests((count) => count === 1 ? late.promise : token());
  const controller = new AbortController();
  const aborted = assertRejects(() => request("a", controller.signal), DOMException);
  while (stub.requests.length === 0) await Promise.resolve();
  controller.abort();
  late.resolve(json("invalid_client", 401));
  await aborted;
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertEquals((await request("a")).accessToken, "t");
});

Deno.test("RejectionCache: keeps 1,000 rejections, the newest", async () => {
  const { countAfter } = arrangeRequests(() => json("invalid_scope", 400));
  const scopes = Array.from({ length: 1_001 }, (_, index) => `scope-${index}`);
  assertEquals((await countAfter(...scopes)).at(-1), 1_001);
  assertEquals(await countAfter("scope-1000", "scope-1", "scope-0"), [1_001, 1_001, 1_002]);
});
