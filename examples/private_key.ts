/**
 * A Deno script whose client authenticates by a private key in a file: it prints the projects. The server has the public
 * key. To generate a pair:
 *
 *     openssl genpkey -algorithm ed25519 -out key.pem && openssl pkey -in key.pem -pubout -out public.pem
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env --allow-read --allow-net=api.example.com,auth.example.com private_key.ts
 *
 * Environment: `M2M_ENDPOINT` (the API), `M2M_ISSUER`, `M2M_TOKEN_ENDPOINT`, `M2M_CLIENT_ID`, `M2M_KEY_FILE` (PEM,
 * PKCS#8), `M2M_KEY_ID` (the key's `kid` at the server), and `M2M_SCOPES` (space separated) where the server requires them.
 */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { secretFile } from "@m2m/authenticator/client-auth/secret-file";

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const authenticator = new ClientCredentialsAuthenticator({
  endpoint: setting("M2M_ENDPOINT"),
  clientId: setting("M2M_CLIENT_ID"),
  // Read for each token request: a new key is used at once.
  clientAuth: privateKeyJwt(secretFile(setting("M2M_KEY_FILE")), { kid: setting("M2M_KEY_ID") }),
  configStore: new StaticClientConfigStore({
    issuer: setting("M2M_ISSUER"),
    tokenEndpoint: setting("M2M_TOKEN_ENDPOINT"),
    scopes: (Deno.env.get("M2M_SCOPES") ?? "").split(" ").filter(Boolean),
  }),
});

const response = await authenticator.fetch("/v1/projects");
if (!response.ok) throw new Error(`Cannot list the projects: the API answered ${response.status}`);
console.log(JSON.stringify(await response.json(), null, 2));
