/**
 * An authorization server, an API that verifies proofs, and a client with a key, all on loopback.
 *
 * @module
 */

import {
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  type Fetch,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { type Dpop, dpop } from "@m2m/authenticator/dpop";
import { decodeJwt, type JWTPayload } from "jose";
import { testKey } from "../client_auth/signing_keys.ts";
import { type AuthorizationServer, startAuthorizationServer } from "../servers/authorization_server.ts";
import { DpopVerifier, type DpopVerifierOptions } from "../servers/dpop_verifier.ts";
import { type ProtectedApi, startProtectedApi } from "../servers/protected_api.ts";

export interface SceneOptions {
  /** Whether the authorization server wants nonces. Default: false. */
  readonly serverNonces?: boolean;
  /** What the API wants. Default: proofs without a nonce. */
  readonly api?: DpopVerifierOptions;
  readonly headerKey?: string;
}

/** A request that the client sent. */
export interface Sent {
  readonly url: string;
  readonly headers: Headers;
  /** What its proof says. */
  readonly proof: JWTPayload | undefined;
  /** What its form holds. */
  readonly form: URLSearchParams;
}

export interface Scene extends AsyncDisposable {
  readonly server: AuthorizationServer;
  readonly api: ProtectedApi;
  readonly verifier: DpopVerifier;
  readonly proofs: Dpop;
  /** What was sent by `fetch`, oldest first. */
  readonly sent: readonly Sent[];
  /** The same, to the token endpoint. */
  readonly tokenRequests: readonly Sent[];
  readonly fetch: Fetch;
  client(options?: Partial<ClientCredentialsAuthenticatorOptions>): ClientCredentialsAuthenticator;
}

export async function startScene({ serverNonces = false, api, headerKey }: SceneOptions = {}): Promise<Scene> {
  const key = await testKey("ES256");
  await using stack = new AsyncDisposableStack();
  const server = stack.use(
    await startAuthorizationServer({
      clients: [
        { client_id: "id", client_secret: "secret" },
        { client_id: "bound", client_secret: "secret", dpop_bound_access_tokens: true },
        { client_id: "key", token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [key.publicJwk] } },
      ],
      dpop: { nonces: serverNonces },
    }),
  );
  const verifier = new DpopVerifier(api);
  const protectedApi = stack.use(
    startProtectedApi({
      issuer: server.issuer,
      jwksUri: server.jwksUri,
      audience: server.issuer,
      dpop: verifier,
      ...headerKey !== undefined && { headerKey },
    }),
  );
  const started = stack.move();
  const proofs = dpop();
  const sent: Sent[] = [];
  const watched: Fetch = (input, init) => {
    const request = input instanceof Request ? input : undefined;
    const headers = new Headers(init?.headers ?? request?.headers);
    const proof = headers.get("dpop");
    sent.push({
      url: request?.url ?? String(input),
      headers,
      proof: proof?.includes(".") ? decodeJwt(proof) : undefined,
      form: new URLSearchParams(typeof init?.body === "string" ? init.body : ""),
    });
    return fetch(input, init);
  };
  return {
    server,
    api: protectedApi,
    verifier,
    proofs,
    sent,
    get tokenRequests() {
      return sent.filter(({ url }) => url === server.tokenEndpoint);
    },
    fetch: watched,
    client: (options = {}) =>
      new ClientCredentialsAuthenticator({
        endpoint: protectedApi.origin,
        clientId: "id",
        ...options.clientAuth === undefined && { clientSecret: "secret" },
        configStore: new StaticClientConfigStore({
          issuer: server.issuer,
          tokenEndpoint: server.tokenEndpoint,
          scopes: ["api:read"],
        }),
        dpop: proofs,
        fetch: watched,
        headerKey,
        ...options,
      }),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
