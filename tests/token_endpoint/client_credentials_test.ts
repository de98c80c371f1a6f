/** The pieces, composed by hand. */

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

/** A server that takes the secret "right", and tokens by a secret that may change. */
function arrange(secret: string, options: Partial<ClientCredentialsOptions> = {}) {
  const vault = { secret, next: secret };
  const stub = tokenEndpointStub((count, { form }) => {
    vault.secret = vault.next;
    return form.get("client_secret") === "right"
      ? Response.json({ access_token: `token-${count}`, token_type: options.dpop ? "DPoP" : "Bearer" })
      : Response.json({ error: "invalid_client" }, { status: 401 });
  });
  const clientAuth = clientSecretPost(() => vault.secret);
  const source = clientCredentials({
    tokenEndpoint: stub.url,
    clientId: "id",
    clientAuth,
    fetch: stub.fetch,
    ...options,
  });
  return { stub, vault, tokens: refreshing(source) };
}

Deno.test("authenticatedFetch: sends the tokens of refreshing, and replaces a rejected one", async () => {
  const { stub, tokens } = arrange("right", { audience: "x", scopes: ["a", "b"] });
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
    client_secret: "right",
  });
});

Deno.test("refreshing: sends a wrong secret once in a cooldown, and another one at once", async () => {
  const { stub, vault, tokens } = arrange("wrong");
  for (let count = 0; count < 5; count++) {
    const error = await assertRejects(() => tokens.get(), AuthenticationError);
    assertEquals([error.error, error.retryable, stub.requests.length], ["invalid_client", false, 1]);
  }
  vault.secret = "right";
  assertEquals((await tokens.get()).credentials.accessToken, "token-2");
});

Deno.test("refreshing: tries again with a secret that changed during the request", async () => {
  const { vault, tokens } = arrange("wrong");
  vault.next = "right";
  assertEquals((await tokens.get()).credentials.accessToken, "token-2");
});

Deno.test("the pieces make sender-constrained tokens, and requests of one's own", async () => {
  const proofs = dpop();
  const { stub, tokens } = arrange("right", {
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
  assertEquals(seen.map((headers) => [headers.get("authorization"), headers.has("dpop")]), [["DPoP token-1", true]]);
});
