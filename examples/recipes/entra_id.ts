/**
 * Microsoft Entra ID: a token for Microsoft Graph. The scope is the API with `/.default`: all that an administrator has
 * permitted the application.
 *
 * Run against a server that answers as its documents say:
 * https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env=ENTRA_* --allow-net=graph.microsoft.com,login.microsoftonline.com entra_id.ts
 *
 * Environment: `ENTRA_TOKEN_ENDPOINT` (`https://login.microsoftonline.com/TENANT/oauth2/v2.0/token`), `ENTRA_CLIENT_ID`,
 * `ENTRA_CLIENT_SECRET` (its value, not its ID).
 */
import { clientSecretPost } from "@m2m/authenticator";
import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";

const authenticator = authenticatorFromEnv({
  prefix: "ENTRA_",
  endpoint: "https://graph.microsoft.com/v1.0/",
  clientAuth: clientSecretPost(() => Deno.env.get("ENTRA_CLIENT_SECRET") ?? ""),
  scopes: ["https://graph.microsoft.com/.default"],
});

const response = await authenticator.fetch("users?$select=displayName");
console.log(response.status, await response.text());
