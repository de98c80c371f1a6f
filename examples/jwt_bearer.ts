/**
 * A Deno script that calls an API as a service account, or on behalf of a person, by an assertion it signs (RFC 7523
 * §2.1), as for Google, Salesforce and Docusign: it prints the projects, and revokes its token.
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env --allow-read --allow-net=api.example.com,auth.example.com jwt_bearer.ts
 *
 * Environment: `M2M_ENDPOINT` (the API), `M2M_TOKEN_ENDPOINT`, `M2M_SERVICE_ACCOUNT` (the `iss` of the assertion),
 * `M2M_KEY_FILE` (PEM, PKCS#8), `M2M_KEY_ALG` (`RS256` for most), `M2M_KEY_ID` (the key's `kid` at the server); and where the
 * server requires them `M2M_SUBJECT` (on whose behalf), `M2M_ISSUER` (the `aud`, else the token endpoint), `M2M_CLIENT_ID`,
 * `M2M_SCOPES` (space separated), `M2M_AUDIENCE`, and `M2M_REVOCATION_ENDPOINT`.
 */
import { StaticClientConfigStore } from "@m2m/authenticator";
import { secretFile } from "@m2m/authenticator/client-auth/secret-file";
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import { type PrivateKeyAlgorithm, signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
import { tokenRevocation } from "@m2m/authenticator/revocation";

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const revocationEndpoint = Deno.env.get("M2M_REVOCATION_ENDPOINT") || undefined;

await using authenticator = new JwtBearerAuthenticator({
  endpoint: setting("M2M_ENDPOINT"),
  clientId: Deno.env.get("M2M_CLIENT_ID"),
  // Read for each token request: a new key is used at once.
  assertion: signedAssertion(secretFile(setting("M2M_KEY_FILE")), {
    iss: setting("M2M_SERVICE_ACCOUNT"),
    sub: Deno.env.get("M2M_SUBJECT") || undefined,
    alg: setting("M2M_KEY_ALG") as PrivateKeyAlgorithm,
    kid: setting("M2M_KEY_ID"),
    // For a server that requires the scopes in the assertion: claims: { scope: "…" }.
  }),
  configStore: new StaticClientConfigStore({
    issuer: Deno.env.get("M2M_ISSUER") || undefined,
    tokenEndpoint: setting("M2M_TOKEN_ENDPOINT"),
    revocationEndpoint,
    scopes: (Deno.env.get("M2M_SCOPES") ?? "").split(" ").filter(Boolean),
    audience: Deno.env.get("M2M_AUDIENCE") || undefined,
  }),
  revocation: revocationEndpoint ? tokenRevocation() : undefined,
});

const response = await authenticator.fetch("/v1/projects");
if (!response.ok) throw new Error(`Cannot list the projects: the API answered ${response.status}`);
console.log(JSON.stringify(await response.json(), null, 2));
