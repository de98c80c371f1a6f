/**
 * A service or job on Cloud Run without a secret: it authenticates by the ID token of its service account, which the
 * authorization server must trust. It prints the projects.
 *
 *     deno run --allow-env --allow-net cloud_run.ts
 *
 * Environment: `M2M_ENDPOINT` (the API), `M2M_ISSUER` (the ID token's audience), `M2M_TOKEN_ENDPOINT`,
 * `M2M_CLIENT_ID`, `M2M_SCOPES` (space separated) where the server requires them, and `M2M_METADATA_SERVER` if it is
 * another than Google's.
 */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { gcpToken } from "@m2m/authenticator/workload/gcp";

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const scopes = (Deno.env.get("M2M_SCOPES") ?? "").split(" ").filter(Boolean);
const metadataServer = Deno.env.get("M2M_METADATA_SERVER");

const authenticator = new ClientCredentialsAuthenticator({
  ...{ endpoint: setting("M2M_ENDPOINT"), clientId: setting("M2M_CLIENT_ID") },
  clientAuth: clientAssertion(gcpToken({ audience: setting("M2M_ISSUER"), metadataServer })),
  configStore: new StaticClientConfigStore({ tokenEndpoint: setting("M2M_TOKEN_ENDPOINT"), scopes }),
});

const response = await authenticator.fetch("/v1/projects");
if (!response.ok) throw new Error(`Cannot list the projects: the API answered ${response.status}`);
console.log(JSON.stringify(await response.json(), null, 2));
