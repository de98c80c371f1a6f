/**
 * A script that shares its token with the other processes on this machine, and with its next run: it prints the projects.
 * The token is in a folder that this user alone can read, sealed with a key.
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env --allow-read --allow-write --allow-net=api.example.com,auth.example.com shared_token.ts
 *
 * Environment: `M2M_ENDPOINT` (the API), `M2M_TOKEN_ENDPOINT`, `M2M_CLIENT_ID`, `M2M_CLIENT_SECRET`, `M2M_TOKEN_FOLDER`,
 * `M2M_SEALING_KEY` (of `openssl rand -base64 32`), and where the server requires them `M2M_SCOPES` (space separated) and
 * `M2M_AUDIENCE`.
 */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { sharedTokens } from "@m2m/authenticator/token-store";
import { fileTokenStore } from "@m2m/authenticator/token-store/file";
import { sealed } from "@m2m/authenticator/token-store/sealed";

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const store = sealed(fileTokenStore(setting("M2M_TOKEN_FOLDER")), { id: "1", key: setting("M2M_SEALING_KEY") });

const authenticator = new ClientCredentialsAuthenticator({
  endpoint: setting("M2M_ENDPOINT"),
  clientId: setting("M2M_CLIENT_ID"),
  clientSecret: setting("M2M_CLIENT_SECRET"),
  configStore: new StaticClientConfigStore({
    tokenEndpoint: setting("M2M_TOKEN_ENDPOINT"),
    scopes: (Deno.env.get("M2M_SCOPES") ?? "").split(" ").filter(Boolean),
    audience: Deno.env.get("M2M_AUDIENCE") || undefined,
  }),
  tokenStore: sharedTokens(store),
  onEvent: ({ type }) => type === "token_store_hit" && console.error("The token of an earlier run is used."),
});

const response = await authenticator.fetch("/v1/projects");
if (!response.ok) throw new Error(`Cannot list the projects: the API answered ${response.status}`);
console.log(JSON.stringify(await response.json(), null, 2));
