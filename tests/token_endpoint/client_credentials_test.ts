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

const clientId = "id";

Deno.test("the pieces: get a token as it was ordered, bound to a key, and replace it once it is rejected", async () => {
  const { url, fetch, requests } = tokenEndpointStub((count) =>
    Response.json({ access_token: `token-${count}`, token_type: "DPoP" })
  );
  const proofs = dpop();
  const source = clientCredentials({
    ...{ tokenEndpoint: url, clientId, clientAuth: clientSecretPost("s3cret"), fetch, dpop: proofs },
    ...{ scopes: ["a", "b"], audience: "x", beforeTokenRequest: ({ body }) => body.set("tenant", "acme") },
  });
  const seen: unknown[] = [];
  const fetchWithToken = authenticatedFetch(refreshing(source), {
    endpoint: "https://api.test",
    dpop: proofs,
    fetch(input, init) {
      const { headers } = new Request(input, init);
      seen.push([headers.get("authorization"), headers.has("dpop")]);
      return Promise.resolve(new Response(null, { status: seen.length === 2 ? 401 : 200 }));
    },
  });
  for (let count = 0; count < 2; count++) assertEquals((await fetchWithToken("/")).status, 200);
  assertEquals(seen, ["DPoP token-1", "DPoP token-1", "DPoP token-2"].map((token) => [token, true]));
  const client = { client_id: "id", client_secret: "s3cret" };
  const form = { grant_type: "client_credentials", scope: "a b", audience: "x", ...client, tenant: "acme" };
  assertEquals(requests.map(({ form, headers }) => [Object.fromEntries(form), headers.has("dpop")]), [
    [form, true],
    [form, true],
  ]);
});

Deno.test("the pieces: send a wrong secret once in a cooldown, and another one at once", async () => {
  let secret = "wrong";
  const { url, fetch, requests } = tokenEndpointStub((count, { form }) =>
    form.get("client_secret") === "right"
      ? Response.json({ access_token: `token-${count}` })
      : Response.json({ error: "invalid_client" }, { status: 401 })
  );
  const clientAuth = clientSecretPost(() => secret);
  const tokens = refreshing(clientCredentials({ tokenEndpoint: url, clientId, clientAuth, fetch }));
  for (let count = 0; count < 5; count++) await assertRejects(() => tokens.get(), AuthenticationError);
  assertEquals(requests.length, 1);
  secret = "right";
  assertEquals((await tokens.get()).credentials.accessToken, "token-2");
});
