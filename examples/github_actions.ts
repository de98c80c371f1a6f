/**
 * A job in GitHub Actions without a secret: it authenticates by GitHub's ID token, which the authorization server must
 * trust. It prints the projects. The job has `permissions: { id-token: write }` and runs
 *
 *     deno run --allow-env --allow-net github_actions.ts
 *
 * Environment: `M2M_ENDPOINT` (the API), `M2M_ISSUER` (the ID token's audience), `M2M_TOKEN_ENDPOINT`,
 * `M2M_CLIENT_ID`, and `M2M_SCOPES` (space separated) where the server requires them. GitHub sets
 * `ACTIONS_ID_TOKEN_REQUEST_URL` and `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
 */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { githubActionsToken } from "@m2m/authenticator/workload/github-actions";

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const scopes = (Deno.env.get("M2M_SCOPES") ?? "").split(" ").filter(Boolean);

const authenticator = new ClientCredentialsAuthenticator({
  ...{ endpoint: setting("M2M_ENDPOINT"), clientId: setting("M2M_CLIENT_ID") },
  clientAuth: clientAssertion(githubActionsToken({ audience: setting("M2M_ISSUER") })),
  configStore: new StaticClientConfigStore({ tokenEndpoint: setting("M2M_TOKEN_ENDPOINT"), scopes }),
});

const response = await authenticator.fetch("/v1/projects");
if (!response.ok) throw new Error(`Cannot list the projects: the API answered ${response.status}`);
console.log(JSON.stringify(await response.json(), null, 2));
