/**
 * Salesforce: the client credentials flow of an external client app, at the organization's own domain (My Domain; not
 * `login.salesforce.com`). The answer has no `expires_in`, and an `instance_url` that calls go to.
 *
 * Run against a server that answers as its documents say:
 * https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_client_credentials_flow.htm
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env=SALESFORCE_* --allow-net=acme.my.salesforce.com salesforce.ts
 *
 * Environment: `SALESFORCE_ENDPOINT` (`https://acme.my.salesforce.com`), `SALESFORCE_TOKEN_ENDPOINT`
 * (`https://acme.my.salesforce.com/services/oauth2/token`), `SALESFORCE_CLIENT_ID` (the consumer key),
 * `SALESFORCE_CLIENT_SECRET`.
 */
import { clientSecretPost } from "@m2m/authenticator";
import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";

const authenticator = authenticatorFromEnv({
  prefix: "SALESFORCE_",
  clientAuth: clientSecretPost(() => Deno.env.get("SALESFORCE_CLIENT_SECRET") ?? ""),
  // The shortest session that can be set; a rejected token is replaced in any case.
  defaultLifetime: 15 * 60_000,
});

// The token goes to SALESFORCE_ENDPOINT alone: an instance on another origin has to be named in `allowedOrigins`.
const { response: { instance_url } = {} } = await authenticator.getCredentials();
const query = new URL("/services/data/v66.0/query?q=SELECT+Name+FROM+Account", String(instance_url));
const response = await authenticator.fetch(query);
console.log(response.status, await response.text());
