/**
 * A token endpoint that isn't quite OAuth: it takes JSON in place of a form, and puts the token into an object of its own.
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env --allow-net=api.example.com,auth.example.com json_token_endpoint.ts
 *
 * Environment: `M2M_ENDPOINT` (the API), `M2M_TOKEN_ENDPOINT`, `M2M_CLIENT_ID`, `M2M_CLIENT_SECRET`.
 */
import { clientSecretPost, type Fetch } from "@m2m/authenticator";
import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";

const tokenEndpoint = new URL(Deno.env.get("M2M_TOKEN_ENDPOINT") ?? "");

/** Translates `{ data: { token, ttl } }`. Requests to the API, and the token endpoint's errors, pass as they are. */
const translate: Fetch = async (input, init) => {
  const response = await fetch(input, init);
  if (String(input) !== tokenEndpoint.href || !response.ok) return response;
  const { data } = await response.json();
  return Response.json({ access_token: data.token, token_type: "Bearer", expires_in: data.ttl });
};

const authenticator = authenticatorFromEnv({
  clientAuth: clientSecretPost(() => Deno.env.get("M2M_CLIENT_SECRET") ?? ""),
  // The content type decides how the parameters are written.
  beforeTokenRequest: ({ headers }) => headers.set("content-type", "application/json"),
  fetch: translate,
});

const response = await authenticator.fetch("/v1/projects");
console.log(response.status, JSON.stringify(await response.json()));
