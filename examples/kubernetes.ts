/**
 * A workload on Kubernetes without a secret: it authenticates by its projected service account token, whose issuer the
 * authorization server must trust. It prints the projects.
 *
 *     deno run --allow-env --allow-read --allow-net=api.example.com,auth.example.com kubernetes.ts
 *
 * The pod has a volume, mounted at /var/run/secrets/tokens, with
 *
 *     projected:
 *       sources:
 *         - serviceAccountToken: { path: authorization-server, audience: https://auth.example.com }
 *
 * Environment: `M2M_ENDPOINT` (the API), `M2M_TOKEN_ENDPOINT`, `M2M_CLIENT_ID`, `M2M_SCOPES` (space separated) where
 * the server requires them, and `M2M_TOKEN_FILE` if the token is elsewhere.
 */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { kubernetesToken } from "@m2m/authenticator/workload/kubernetes";

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const path = Deno.env.get("M2M_TOKEN_FILE") || "/var/run/secrets/tokens/authorization-server";
const scopes = (Deno.env.get("M2M_SCOPES") ?? "").split(" ").filter(Boolean);

// The file is read for each token request: the kubelet replaces it.
const authenticator = new ClientCredentialsAuthenticator({
  ...{ endpoint: setting("M2M_ENDPOINT"), clientId: setting("M2M_CLIENT_ID") },
  clientAuth: clientAssertion(kubernetesToken({ path })),
  configStore: new StaticClientConfigStore({ tokenEndpoint: setting("M2M_TOKEN_ENDPOINT"), scopes }),
});

const response = await authenticator.fetch("/v1/projects");
if (!response.ok) throw new Error(`Cannot list the projects: the API answered ${response.status}`);
console.log(JSON.stringify(await response.json(), null, 2));
