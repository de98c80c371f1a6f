/** The pieces, put together by hand. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  authenticatedFetch,
  AuthenticationError,
  clientCredentials,
  type ClientCredentialsOptions,
  clientSecretPost,
  refreshing,
} from "@m2m/authenticator";
import { dpop } from "@m2m/authenticator/dpop";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

/** Tokens of a stub, by a secret that can be changed. */
function arrange(answer?: Parameters<typeof tokenEndpointStub>[0], options: Partial<ClientCredentialsOptions> = {}) {
  const stub = tokenEndpointStub(answer);
  const vault = { secret: "wrong" };
  const clientAuth = clientSecretPost(() => vault.secret);
  const { url: tokenEndpoint, fetch } = stub;
  const source = clientCredentials({ tokenEndpoint, clientId: "id", clientAuth, fetch, ...options });
  return { stub, vault, tokens: refreshing(source) };
}

const checkSecret: Parameters<typeof tokenEndpointStub>[0] = (_count, { form }) =>
  form.get("client_secret") === "right"
    ? Response.json({ access_token: "token" })
    : Response.json({ error: "invalid_client" }, { status: 401 });

Deno.test("a fetch over refreshed tokens carries them, and asks once", async () => {
  const { stub, tokens } = arrange(undefined, { audience: "x", scopes: ["a", "b"] });
  const seen: (string | null)[] = [];
  const fetchWithToken = authenticatedFetch(tokens, {
    endpoint: "https://api.test",
    fetch: (_input, init) => {
      seen.push(new Headers(init?.headers).get("authorization"));
      return Promise.resolve(new Response(null, { status: seen.length === 2 ? 401 : 200 }));
    },
  });
  for (let count = 0; count < 2; count++) assertEquals((await fetchWithToken("/")).status, 200);
  assertEquals(seen, ["Bearer token-1", "Bearer token-1", "Bearer token-2"]);
  assertEquals(Object.fromEntries(stub.requests[0]!.form), {
    grant_type: "client_credentials",
    scope: "a b",
    audience: "x",
    client_id: "id",
    client_secret: "wrong",
  });
});

Deno.test("a wrong secret is sent once in a cool-down, and another one at once", async () => {
  const { stub, vault, tokens } = arrange(checkSecret);
  for (let count = 0; count < 5; count++) {
    const error = await assertRejects(() => tokens.get(), AuthenticationError);
    assertEquals([error.error, error.retryable], ["invalid_client", false]);
  }
  assertEquals(stub.requests.length, 1);
  vault.secret = "right";
  assertEquals((await tokens.get()).credentials.accessToken, "token");
});

Deno.test("a secret that was changed while its request was under way is tried once more", async () => {
  const { stub, vault, tokens } = arrange((count, request) => {
    vault.secret = "right";
    return checkSecret(count, request);
  });
  assertEquals([(await tokens.get()).credentials.accessToken, stub.requests.length], ["token", 2]);
});

Deno.test("the pieces make sender-constrained tokens, and requests of one's own", async () => {
  const proofs = dpop();
  const { stub, tokens } = arrange(() => Response.json({ access_token: "bound", token_type: "DPoP" }), {
    dpop: proofs,
    beforeTokenRequest: ({ body }) => body.set("tenant", "acme"),
  });
  const seen: Headers[] = [];
  const fetchWithToken = authenticatedFetch(tokens, {
    endpoint: "https://api.test",
    dpop: proofs,
    fetch: (input, init) => {
      seen.push(new Request(input, init).headers);
      return Promise.resolve(new Response(null));
    },
  });
  assertEquals((await fetchWithToken("/")).status, 200);
  assertEquals(stub.requests[0]!.form.get("tenant"), "acme");
  assert(stub.requests[0]!.headers.has("dpop"));
  assertEquals(seen.map((headers) => [headers.get("authorization"), headers.has("dpop")]), [["DPoP bound", true]]);
});
