/**
 * Two real authorization servers: the second one takes the assertions of the first, each once. And an API of the second.
 *
 * @module
 */

import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import { TokenExchangeAuthenticator, TokenType } from "@m2m/authenticator/grant/token-exchange";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { jwtBearerGrant } from "../servers/machine_grants.ts";
import { startProtectedApi } from "../servers/protected_api.ts";
import { clientSecret, signTestAssertion, startScene } from "./scene.ts";

export const farSecret = "planted-secret-of-the-far-client";

export async function startTwoDomains() {
  await using stack = new AsyncDisposableStack();
  const { server: near, settings } = stack.use(await startScene());
  const { keys } = await (await fetch(near.jwksUri)).json();
  const far = stack.use(
    await startAuthorizationServer({
      clients: [{ client_id: "far", client_secret: farSecret }],
      scopes: ["api:read"],
      grants: [jwtBearerGrant({ [near.issuer]: keys })],
    }),
  );
  const { issuer, jwksUri } = far;
  const api = stack.use(startProtectedApi({ issuer, jwksUri, audience: issuer }));
  const { audience: _, scopes, configStore } = settings;
  const own = { endpoint: near.issuer, clientId: "service", clientSecret, configStore, scopes };
  const person = new JwtBearerAuthenticator({ ...own, assertion: () => signTestAssertion(near.issuer) });
  const subjectToken = async () => (await person.getCredentials()).accessToken;
  const requestedTokenType = TokenType.JWT;
  const signIn = new TokenExchangeAuthenticator({ ...own, subjectToken, requestedTokenType, audience: "service" });
  return Object.assign(stack.move(), {
    ...{ near, far, api },
    /** An access token of the first server, on Ada's behalf, and a JWT for the client there, as an ID token is. */
    subjects: { accessToken: await subjectToken(), idToken: (await signIn.getCredentials()).accessToken },
    settings: {
      ...{ endpoint: api.origin, clientId: "far", clientSecret: farSecret, scopes },
      configStore: new DiscoveryClientConfigStore(issuer),
      identityProvider: { clientId: "service", clientSecret, configStore },
    },
  });
}
