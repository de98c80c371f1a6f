/**
 * A real authorization server with both grants, an API that takes its tokens, and two keys for assertions, of which the
 * server trusts one.
 *
 * @module
 */

import { decodeJwt, type JWTPayload, SignJWT } from "jose";
import { StaticClientConfigStore } from "@m2m/authenticator";
import { testKey } from "../client_auth/signing_keys.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { jwtBearerGrant, tokenExchangeGrant } from "../servers/machine_grants.ts";
import { startProtectedApi } from "../servers/protected_api.ts";

/** The issuer of trusted assertions. */
export const voucher = "robots@vouching.test";
export const [trustedKey, strangeKey] = [await testKey("ES256"), await testKey("ES256", "strange")];
export const clientSecret = "planted-secret-of-the-client-4711";

/** The servers, settings for an authenticator, and the last token that was sent to the API. */
export type Scene = Awaited<ReturnType<typeof startScene>>;

export async function startScene() {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(
    await startAuthorizationServer({
      clients: [
        { client_id: "service", client_secret: clientSecret },
        { client_id: "other", client_secret: clientSecret },
        { client_id: "public", token_endpoint_auth_method: "none" },
      ],
      scopes: ["api:read", "api:write"],
      grants: [jwtBearerGrant({ [voucher]: [trustedKey.publicJwk] }), tokenExchangeGrant()],
    }),
  );
  const { issuer, jwksUri, tokenEndpoint } = server;
  const api = stack.use(startProtectedApi({ issuer, jwksUri }));
  return Object.assign(stack.move(), {
    server,
    api,
    settings: {
      endpoint: api.origin,
      clientId: "service",
      clientSecret,
      audience: api.audience,
      scopes: ["api:read"],
      configStore: new StaticClientConfigStore({ tokenEndpoint, issuer }),
    },
    lastToken: () => decodeJwt(api.calls.findLast(({ token }) => token !== undefined)!.token!),
  });
}

/** Signs an assertion, with other claims or another key. */
export async function signTestAssertion(
  audience: string,
  { key = trustedKey, ...claims }: { key?: typeof trustedKey; [claim: string]: unknown } = {},
): Promise<string> {
  const usual = { iss: voucher, sub: "ada", aud: audience, jti: crypto.randomUUID() };
  const header = { alg: "ES256", kid: key.publicJwk.kid! };
  const jwt = new SignJWT({ ...usual, ...claims } as JWTPayload).setProtectedHeader(header);
  if (claims.exp === undefined) jwt.setExpirationTime("1 minute");
  return await jwt.sign(key.cryptoKey);
}
