/**
 * Amazon Cognito: a token of a user pool's domain. A scope is written `RESOURCE_SERVER/NAME`; without any, the token has
 * all that the app client may have.
 *
 * Run against a server that answers as its documents say:
 * https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env=COGNITO_* --allow-net=api.example.com,acme.auth.eu-central-1.amazoncognito.com cognito.ts
 *
 * Environment: `COGNITO_ENDPOINT` (the API), `COGNITO_TOKEN_ENDPOINT`
 * (`https://acme.auth.eu-central-1.amazoncognito.com/oauth2/token`), `COGNITO_SCOPES`, `COGNITO_CLIENT_ID`,
 * `COGNITO_CLIENT_SECRET`.
 */
import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";

const authenticator = authenticatorFromEnv({ prefix: "COGNITO_" });

const response = await authenticator.fetch("/v1/projects");
console.log(response.status, await response.text());
