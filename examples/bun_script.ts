/**
 * A Bun script that calls an API as itself, without a user: it prints the projects.
 *
 *     bunx jsr add @m2m/authenticator
 *     bun bun_script.ts
 *
 * Environment (Bun reads `.env` by itself): `M2M_ENDPOINT` (the API), `M2M_TOKEN_ENDPOINT`, `M2M_CLIENT_ID`,
 * `M2M_CLIENT_SECRET`, and where the server requires them `M2M_SCOPES` (space separated) and `M2M_AUDIENCE`.
 */
import { env } from "node:process";
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";

function setting(name: string): string {
  const value = env[name];
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const authenticator = new ClientCredentialsAuthenticator({
  endpoint: setting("M2M_ENDPOINT"),
  clientId: setting("M2M_CLIENT_ID"),
  clientSecret: setting("M2M_CLIENT_SECRET"),
  configStore: new StaticClientConfigStore({
    tokenEndpoint: setting("M2M_TOKEN_ENDPOINT"),
    scopes: (env.M2M_SCOPES ?? "").split(" ").filter(Boolean),
    audience: env.M2M_AUDIENCE || undefined,
  }),
});

const response = await authenticator.fetch("/v1/projects");
if (!response.ok) throw new Error(`Cannot list the projects: the API answered ${response.status}`);
console.log(JSON.stringify(await response.json(), null, 2));
