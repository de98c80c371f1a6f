/**
 * Auth0: a token for an API by its identifier (`audience`), with id and secret in the body.
 *
 * Run against a server that answers as its documents say:
 * https://auth0.com/docs/get-started/authentication-and-authorization-flow/client-credentials-flow/call-your-api-using-the-client-credentials-flow
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env=AUTH0_* --allow-net=api.example.com,acme.eu.auth0.com auth0.ts
 *
 * Environment: `AUTH0_ENDPOINT` (the API), `AUTH0_TOKEN_ENDPOINT` (`https://acme.eu.auth0.com/oauth/token`),
 * `AUTH0_AUDIENCE`, `AUTH0_CLIENT_ID`, `AUTH0_CLIENT_SECRET`.
 */
import { clientSecretPost } from "@m2m/authenticator";
import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";

const authenticator = authenticatorFromEnv({
  prefix: "AUTH0_",
  clientAuth: clientSecretPost(() => Deno.env.get("AUTH0_CLIENT_SECRET") ?? ""),
  // For Machine-to-Machine Access for Organizations: parameters: { organization: "org_…" }.
});

const response = await authenticator.fetch("/v1/projects");
console.log(response.status, await response.text());
