/** The pieces, composed by hand. */

import { assertEquals, assertRejects } from "@std/assert";
import {
  authenticatedFetch,
  AuthenticationError,
  clientCredentials,
  clientSecretPost,
  refreshing,
} from "@m2m/authenticator";
import { dpop } from "@m2m/authenticator/dpop";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

Deno.test("the pieces: get a token as it was ordered, bound to a key, and replace it once it is rejected", async () => {
  let secret = "wrong";
  const { url, fetch, requests } = tokenEndpointStub((count, { form }) =>
    form.get("client_secret") === "right"
      ? Response.json({ access_token: `token-${count}`, token_type: "DPoP" })
      : Response.json({ error: "invalid_client" }, { status: 401 })
  );
  const proofs = dpop();
  const source = clientCredentials({
    ...{ tokenEndpoint: url, clientId: "id", clientAuth: clientSecretPost(() => secret), fetch, dpop: proofs },
    ...{ scopes: ["a", "b"], audience: "x", beforeTokenRequest: ({ body }) => body.set("tenant", "acme") },
  });
  const tokens = refreshing(source);
  // A wrong secret is sent once in a cooldown, and another one at once.
  for (let count = 0; count < 5; count++) await assertRejects(() => tokens.get(), AuthenticationError);
  assertEquals(requests.length, 1);
  secret = "right";
  const seen: unknown[] = [];
  const fetchWithToken = authenticatedFetch(tokens, {
    endpoint: "https://api.test",
    dpop: proofs,
    fetch(input, init) {
      const { headers } = new Request(input, init);
      seen.push([headers.get("authorization"), headers.has("dpop")]);
      return Promise.resolve(new Response(null, { status: seen.length === 2 ? 401 : 200 }));
    },
  });
  for (let count = 0; count < 2; count++) assertEquals((await fetchWithToken("/")).status, 200);
  assertEquals(seen, ["DPoP token-2", "DPoP token-2", "DPoP token-3"].map((token) => [token, true]));
  const client = { client_id: "id", client_secret: "right" };
  const form = { grant_type: "client_credentials", scope: "a b", audience: "x", ...client, tenant: "acme" };
  assertEquals(requests.slice(1).map(({ form, headers }) => [Object.fromEntries(form), headers.has("dpop")]), [
    [form, true],
    [form, true],
  ]);
});
