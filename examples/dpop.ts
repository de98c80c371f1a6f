/**
 * A Deno script whose token is bound to a key that never leaves the process (DPoP, RFC 9449): it creates a project and
 * prints it. The server must support DPoP, and allow it to the client.
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env --allow-net=api.example.com,auth.example.com dpop.ts Apollo
 *
 * Environment: `M2M_ENDPOINT` (the API), `M2M_TOKEN_ENDPOINT`, `M2M_CLIENT_ID`, `M2M_CLIENT_SECRET`, and `M2M_SCOPES`
 * (space separated) where the server requires them.
 */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { dpop } from "@m2m/authenticator/dpop";

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const authenticator = new ClientCredentialsAuthenticator({
  endpoint: setting("M2M_ENDPOINT"),
  clientId: setting("M2M_CLIENT_ID"),
  clientSecret: () => setting("M2M_CLIENT_SECRET"),
  configStore: new StaticClientConfigStore({
    tokenEndpoint: setting("M2M_TOKEN_ENDPOINT"),
    scopes: (Deno.env.get("M2M_SCOPES") ?? "").split(" ").filter(Boolean),
  }),
  // The key is generated for the first token request. Each request carries a proof of its own.
  dpop: dpop(),
});

const response = await authenticator.fetch("/v1/projects", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ name: Deno.args[0] ?? "Apollo" }),
});
if (!response.ok) throw new Error(`Cannot create the project: the API answered ${response.status}`);
console.log(JSON.stringify(await response.json(), null, 2));
