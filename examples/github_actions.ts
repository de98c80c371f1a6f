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

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

/** A new ID token of this job, for the authorization server alone. */
async function idToken(): Promise<string> {
  const url = new URL(setting("ACTIONS_ID_TOKEN_REQUEST_URL"));
  url.searchParams.set("audience", setting("M2M_ISSUER"));
  const authorization = `Bearer ${setting("ACTIONS_ID_TOKEN_REQUEST_TOKEN")}`;
  const response = await fetch(url, { headers: { authorization } });
  if (!response.ok) throw new Error(`Cannot get GitHub's token for this job: ${response.status}`);
  return (await response.json()).value;
}

const authenticator = new ClientCredentialsAuthenticator({
  endpoint: setting("M2M_ENDPOINT"),
  clientId: setting("M2M_CLIENT_ID"),
  clientAuth: clientAssertion(idToken),
  configStore: new StaticClientConfigStore({
    tokenEndpoint: setting("M2M_TOKEN_ENDPOINT"),
    scopes: (Deno.env.get("M2M_SCOPES") ?? "").split(" ").filter(Boolean),
  }),
});

const response = await authenticator.fetch("/v1/projects");
if (!response.ok) throw new Error(`Cannot list the projects: the API answered ${response.status}`);
console.log(JSON.stringify(await response.json(), null, 2));
