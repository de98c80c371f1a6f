/**
 * Real authorization servers, each with an API that accepts its tokens, for every method.
 *
 * @module
 */

import { getBasicAuthorizationHeader } from "@m2m/authenticator";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { DpopVerifier } from "../servers/dpop_verifier.ts";
import { startIntrospectingApi } from "../servers/introspecting_api.ts";
import { jwtBearerGrant, tokenExchangeGrant } from "../servers/machine_grants.ts";
import { startProtectedApi } from "../servers/protected_api.ts";
import { startPlace } from "./place.ts";
import { algorithms, type TestKey, testKey } from "./signing_keys.ts";

/** The characters of secrets (RFC 6749 appendix A.2). */
const characters = String.fromCharCode(...Array.from({ length: 0x5f }, (_, index) => 0x20 + index));
const secret = `planted${characters}`;
/** Without characters that the server would decode. */
const rawSecret = `planted-raw${characters.replace(/[%+]/g, "")}`;
const wrongSecret = "planted-wrong-secret-that-is-as-long-as-HMAC-wants-it-to-be-in-any-of-its-three-sizes";
const voucher = "robots@vouching.test";

export type MethodStage = Awaited<ReturnType<typeof setMethodStage>>;

export async function setMethodStage() {
  const [key, wrongKey, rsaKey] = [await testKey("ES256"), await testKey("ES256", "wrong"), await testKey("RS256")];
  const keys = await Promise.all(algorithms.map((alg) => testKey(alg)));
  await using stack = new AsyncDisposableStack();
  const audiences: string[] = [];
  const grants = [jwtBearerGrant({ [voucher]: [key.publicJwk] }), tokenExchangeGrant()];
  const byKey = (client_id: string, alg: string, ...known: TestKey[]) => ({
    client_id,
    token_endpoint_auth_method: "private_key_jwt",
    token_endpoint_auth_signing_alg: alg,
    jwks: { keys: known.map(({ publicJwk }) => publicJwk) },
  });
  const byHmac = (client_id: string, alg: string) => ({
    client_id,
    client_secret: secret,
    token_endpoint_auth_method: "client_secret_jwt",
    token_endpoint_auth_signing_alg: alg,
  });
  const bound = { client_id: "bound", client_secret: secret, dpop_bound_access_tokens: true };
  const { server, api } = stack.use(
    await startPlace({
      clients: [
        { client_id: "by Basic", client_secret: secret, authorization_details_types: ["payment"] },
        { client_id: "raw", client_secret: rawSecret },
        { client_id: "by post", client_secret: secret, token_endpoint_auth_method: "client_secret_post" },
        byHmac("by HMAC", "HS256"),
        byKey("by key", "ES256", key, rsaKey),
        { client_id: "public", token_endpoint_auth_method: "none" },
        bound,
        ...keys.map((each) => byKey(each.alg, each.alg, each)),
        ...["HS256", "HS384", "HS512"].map((alg) => byHmac(alg, alg)),
      ],
      audiences,
      grants,
      authorizationDetailsTypes: ["payment"],
    }, { dpop: new DpopVerifier() }),
  );
  const other = stack.use(startProtectedApi(server));
  audiences.push(server.issuer, other.origin);
  const verifier = new DpopVerifier({ nonce: "first", nonceOnce: true });
  const strict = stack.use(await startPlace({ clients: [bound], dpop: { nonces: true } }, { dpop: verifier }));
  const opaque = stack.use(
    await startAuthorizationServer({
      clients: [{ client_id: "by Basic", client_secret: secret }],
      authMethods: ["client_secret_basic"],
      scopes: ["api:read", "api:write"],
      grants,
      opaqueTokens: true,
    }),
  );
  const authorization = getBasicAuthorizationHeader("by Basic", secret);
  const opaqueApi = stack.use(startIntrospectingApi(opaque.introspectionEndpoint, authorization));

  /** A server, and an API that accepts its tokens. */
  const place = (
    { issuer, tokenEndpoint, revocationEndpoint }: typeof server,
    { origin: api }: { readonly origin: string },
  ) => ({ issuer, tokenEndpoint, revocationEndpoint, api });
  /** As JSON can have it. */
  const write = ({ alg, pem, privateJwk }: TestKey) => ({ alg, pem, privateJwk });
  const input = {
    // This API accepts tokens for the issuer, the default audience; the other one of that server, tokens for itself.
    plain: place(server, api),
    otherApi: other.origin,
    // Both want nonces.
    nonces: place(strict.server, strict.api),
    // Tokens are opaque, and can be revoked; the server accepts `client_secret_basic` only.
    opaque: place(opaque, opaqueApi),
    ...{ secret, rawSecret, wrongSecret, voucher },
    // The wrong one has the same `kid`; the last ones are those of clients that are called as their algorithms.
    ...{ key: write(key), wrongKey: write(wrongKey), rsaKey: write(rsaKey), keys: keys.map(write) },
  };
  /** Lists strings that must not be shown, those sent until now included. */
  const listSecrets = (): string[] => {
    const sent = server.tokenRequests.flatMap(({ parameters: { client_assertion, assertion, subject_token } }) =>
      [client_assertion, assertion, subject_token].flat().filter((each) => each !== undefined)
    );
    const signatures = sent.map((jwt) => jwt.split(".")[2]!);
    const written = [secret, rawSecret, wrongSecret].flatMap((each) => [
      encodeURIComponent(each),
      ...(["form", "raw"] as const).flatMap((encoding) =>
        ["by Basic", "raw"].map((id) => getBasicAuthorizationHeader(id, each, { encoding }).replace("Basic ", ""))
      ),
    ]);
    return [
      "planted",
      ...written,
      ...[key, wrongKey, rsaKey].flatMap(({ secrets }) => secrets),
      ...sent,
      ...signatures,
    ];
  };
  return Object.assign(stack.move(), { server, opaque, strict, verifier, input, listSecrets });
}
