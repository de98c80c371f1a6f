/**
 * Real authorization servers, each with an API that accepts its tokens, for every method.
 *
 * @module
 */

import { getBasicAuthorizationHeader } from "@m2m/authenticator";
import { type AuthorizationServer, startAuthorizationServer } from "../servers/authorization_server.ts";
import { DpopVerifier } from "../servers/dpop_verifier.ts";
import { startIntrospectingApi } from "../servers/introspecting_api.ts";
import { jwtBearerGrant, tokenExchangeGrant } from "../servers/machine_grants.ts";
import { startProtectedApi } from "../servers/protected_api.ts";
import type { ProgramInput } from "./method_program.ts";
import { testKey } from "./signing_keys.ts";

/** The characters of secrets (RFC 6749 appendix A.2). */
const characters = String.fromCharCode(...Array.from({ length: 0x5f }, (_, index) => 0x20 + index));
const secret = `planted${characters}`;
/** Without characters that the server would decode. */
const rawSecret = `planted-raw${characters.replace(/[%+]/g, "")}`;
const wrongSecret = "planted-wrong-secret-that-is-as-long-as-HMAC-wants-it-to-be-in-any-of-its-three-sizes";
const voucher = "robots@vouching.test";

export interface MethodStage extends AsyncDisposable {
  readonly server: AuthorizationServer;
  readonly input: ProgramInput;
  /** Strings that must not be shown, those sent until now included. */
  secrets(): readonly string[];
}

export async function setMethodStage(): Promise<MethodStage> {
  const [key, wrongKey, rsa] = [await testKey("ES256"), await testKey("ES256", "wrong"), await testKey("RS256")];
  const keys = [key.publicJwk, rsa.publicJwk];
  await using stack = new AsyncDisposableStack();
  const audiences: string[] = [];
  const server = stack.use(
    await startAuthorizationServer({
      clients: [
        { client_id: "by Basic", client_secret: secret, authorization_details_types: ["payment"] },
        { client_id: "raw", client_secret: rawSecret },
        { client_id: "by post", client_secret: secret, token_endpoint_auth_method: "client_secret_post" },
        {
          client_id: "by HMAC",
          client_secret: secret,
          token_endpoint_auth_method: "client_secret_jwt",
          token_endpoint_auth_signing_alg: "HS256",
        },
        {
          client_id: "by key",
          token_endpoint_auth_method: "private_key_jwt",
          token_endpoint_auth_signing_alg: "ES256",
          jwks: { keys },
        },
        { client_id: "public", token_endpoint_auth_method: "none" },
        { client_id: "bound", client_secret: secret, dpop_bound_access_tokens: true },
      ],
      audiences,
      grants: [jwtBearerGrant({ [voucher]: [key.publicJwk] }), tokenExchangeGrant()],
      authorizationDetailsTypes: ["payment"],
    }),
  );
  const api = stack.use(startProtectedApi({ ...server, audience: server.issuer, dpop: new DpopVerifier() }));
  const other = stack.use(startProtectedApi(server));
  audiences.push(server.issuer, other.origin);

  const strict = stack.use(
    await startAuthorizationServer({
      clients: [{ client_id: "bound", client_secret: secret, dpop_bound_access_tokens: true }],
      dpop: { nonces: true },
    }),
  );
  const verifier = new DpopVerifier({ nonce: "first", nonceOnce: true });
  const strictApi = stack.use(startProtectedApi({ ...strict, audience: strict.issuer, dpop: verifier }));

  const opaque = stack.use(
    await startAuthorizationServer({
      clients: [{ client_id: "by Basic", client_secret: secret }],
      authMethods: ["client_secret_basic"],
      opaqueTokens: true,
    }),
  );
  const authorization = getBasicAuthorizationHeader("by Basic", secret);
  const opaqueApi = stack.use(startIntrospectingApi({ ...opaque, authorization }));

  const started = stack.move();
  const place = ({ issuer, tokenEndpoint }: AuthorizationServer, { origin }: { readonly origin: string }) => ({
    issuer,
    tokenEndpoint,
    api: origin,
  });
  return {
    server,
    input: {
      plain: place(server, api),
      otherApi: other.origin,
      nonces: place(strict, strictApi),
      opaque: { ...place(opaque, opaqueApi), revocationEndpoint: opaque.revocationEndpoint },
      secret,
      rawSecret,
      wrongSecret,
      pem: key.pem,
      wrongPem: wrongKey.pem,
      wrongJwk: wrongKey.privateJwk as JsonWebKey,
      rsaPem: rsa.pem,
      voucher,
    },
    secrets() {
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
      return ["planted", ...written, ...[key, wrongKey, rsa].flatMap(({ secrets }) => secrets), ...sent, ...signatures];
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
