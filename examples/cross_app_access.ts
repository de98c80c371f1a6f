/**
 * One app calls another's API for the person who is signed in, without asking that person again: cross-app access by an
 * identity assertion (ID-JAG). The identity provider, which both apps trust, exchanges the ID token; the API's authorization
 * server takes the outcome for an access token.
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env --allow-read=id_token --allow-net=idp.example.com,auth.example.com,api.example.com \
 *       cross_app_access.ts
 *
 * Environment: `M2M_ENDPOINT` (the API), `M2M_ISSUER` (its authorization server), `M2M_CLIENT_ID`, `M2M_CLIENT_SECRET`,
 * `M2M_SCOPES`; at the identity provider `IDP_TOKEN_ENDPOINT`, `IDP_CLIENT_ID`, `IDP_CLIENT_SECRET`; and `ID_TOKEN_FILE`,
 * the file that the sign-in keeps the ID token in.
 */
import { StaticClientConfigStore } from "@m2m/authenticator";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { IdentityAssertionAuthenticator } from "@m2m/authenticator/grant/identity-assertion";

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const tokenFile = setting("ID_TOKEN_FILE");
const authenticator = new IdentityAssertionAuthenticator({
  endpoint: setting("M2M_ENDPOINT"),
  clientId: setting("M2M_CLIENT_ID"),
  clientSecret: setting("M2M_CLIENT_SECRET"),
  configStore: new DiscoveryClientConfigStore(setting("M2M_ISSUER")),
  scopes: setting("M2M_SCOPES").split(" "),
  identityProvider: {
    clientId: setting("IDP_CLIENT_ID"),
    clientSecret: setting("IDP_CLIENT_SECRET"),
    configStore: new StaticClientConfigStore({ tokenEndpoint: setting("IDP_TOKEN_ENDPOINT") }),
  },
  subjectToken: () => Deno.readTextFile(tokenFile),
});
const response = await authenticator.fetch("/v1/projects");
if (!response.ok) throw new Error(`Cannot list the projects: the API answered ${response.status}`);
console.log(JSON.stringify(await response.json()));
