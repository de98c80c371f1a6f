/**
 * Keycloak: a token of a client's service account. The realm's metadata name the token endpoint.
 *
 * Run against a server that answers as its documents say:
 * https://www.keycloak.org/docs/latest/server_admin/index.html#_service_accounts
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env=KEYCLOAK_* --allow-net=api.example.com,sso.example.com keycloak.ts
 *
 * Environment: `KEYCLOAK_ENDPOINT` (the API), `KEYCLOAK_ISSUER` (`https://sso.example.com/realms/acme`),
 * `KEYCLOAK_CLIENT_ID`, `KEYCLOAK_CLIENT_SECRET`. Which APIs the token is for is up to the client's scopes and mappers;
 * `audience` has no meaning here.
 */
import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";

const authenticator = authenticatorFromEnv({ prefix: "KEYCLOAK_" });

const response = await authenticator.fetch("/v1/projects");
console.log(response.status, await response.text());
