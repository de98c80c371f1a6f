/**
 * Okta: a token of a custom authorization server, which wants a scope of yours and takes no `audience`.
 *
 * Run against a server that answers as its documents say:
 * https://developer.okta.com/docs/guides/implement-grant-type/clientcreds/main/
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env=OKTA_* --allow-net=api.example.com,acme.okta.com okta.ts
 *
 * Environment: `OKTA_ENDPOINT` (the API), `OKTA_ISSUER` (`https://acme.okta.com/oauth2/default`), `OKTA_SCOPES`,
 * `OKTA_CLIENT_ID`, `OKTA_CLIENT_SECRET`. Okta's own API takes a private key alone: see `private_key.ts`.
 */
import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";

const authenticator = authenticatorFromEnv({ prefix: "OKTA_" });

const response = await authenticator.fetch("/v1/projects");
console.log(response.status, await response.text());
