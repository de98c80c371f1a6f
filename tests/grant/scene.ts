/**
 * A real authorization server that knows the grants, an API that takes its tokens, and keys of two who vouch: one whom
 * the server trusts, and one it doesn't.
 *
 * @module
 */

import type { JWTPayload } from "jose";
import { decodeJwt, SignJWT } from "jose";
import { type Authenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { testKey } from "../client_auth/signing_keys.ts";
import { type AuthorizationServer, startAuthorizationServer } from "../servers/authorization_server.ts";
import { jwtBearerGrant, tokenExchangeGrant } from "../servers/machine_grants.ts";
import { type ProtectedApi, startProtectedApi } from "../servers/protected_api.ts";

/** Who is trusted. */
export const voucher = "robots@vouching.test";
export const [trustedKey, strangeKey] = [await testKey("ES256"), await testKey("ES256", "strange")];
export const clientSecret = "planted-secret-of-the-client-4711";

export interface Scene extends AsyncDisposable {
  readonly server: AuthorizationServer;
  readonly api: ProtectedApi;
  /** What every authenticator here is made with. */
  readonly settings: {
    endpoint: string;
    clientId: string;
    clientSecret: string;
    audience: string;
    scopes: string[];
    configStore: StaticClientConfigStore;
  };
  /** The last token the API was shown. */
  lastToken(): JWTPayload;
}

export async function startScene(options: { lifetime?: number } = {}): Promise<Scene> {
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
      ...options,
    }),
  );
  const { issuer, jwksUri, tokenEndpoint } = server;
  const api = stack.use(startProtectedApi({ issuer, jwksUri }));
  const started = stack.move();
  return {
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
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** An assertion made by hand: what is said otherwise than usual, and by which key. */
export async function signTestAssertion(
  audience: string,
  { key = trustedKey, ...claims }: {
    key?: typeof trustedKey;
    iss?: string;
    sub?: string;
    jti?: string | undefined;
    exp?: number;
  } = {},
): Promise<string> {
  const usual = { iss: voucher, sub: "ada", aud: audience, jti: crypto.randomUUID() };
  const jwt = new SignJWT({ ...usual, ...claims } as JWTPayload).setProtectedHeader({
    alg: "ES256",
    kid: key.publicJwk.kid!,
  });
  if (claims.exp === undefined) jwt.setExpirationTime("1 minute");
  return await jwt.sign(key.cryptoKey);
}

/** Calls the API, and says with what status it answered. */
export async function getStatus(authenticator: Authenticator): Promise<number> {
  const response = await authenticator.fetch("/v1/things");
  await response.body?.cancel();
  return response.status;
}
