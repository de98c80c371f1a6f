/**
 * An authorization server, an API that verifies proofs, and clients with a key, all on loopback.
 *
 * @module
 */

import {
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  type Fetch,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { dpop } from "@m2m/authenticator/dpop";
import { decodeJwt, type JWTPayload } from "jose";
import { startPlace } from "../client_auth/place.ts";
import { testKey } from "../client_auth/signing_keys.ts";
import { DpopVerifier, type DpopVerifierOptions } from "../servers/dpop_verifier.ts";

/** Starts both servers; `api` says what proofs the API requires. */
export async function startScene(
  options: { readonly serverNonces?: boolean; readonly api?: DpopVerifierOptions; readonly headerKey?: string } = {},
) {
  const { serverNonces: nonces = false, headerKey = "authorization" } = options;
  const { publicJwk } = await testKey("ES256");
  const clients = [
    { client_id: "id", client_secret: "secret" },
    { client_id: "bound", client_secret: "secret", dpop_bound_access_tokens: true },
    { client_id: "key", token_endpoint_auth_method: "private_key_jwt" as const, jwks: { keys: [publicJwk] } },
  ];
  const verifier = new DpopVerifier(options.api);
  const place = await startPlace({ clients, dpop: { nonces } }, { dpop: verifier, headerKey });
  const { server: { issuer, tokenEndpoint, tokenRequests }, api } = place;
  const proofs = dpop();
  const sent: { url: string; headers: Headers; proof: JWTPayload | undefined }[] = [];
  const watched: Fetch = (input, init) => {
    const request = input instanceof Request ? input : new Request(input);
    const headers = new Headers(init?.headers ?? request.headers);
    const proof = headers.get("dpop");
    sent.push({ url: request.url, headers, proof: proof?.includes(".") ? decodeJwt(proof) : undefined });
    return fetch(input, init);
  };
  return Object.assign(place, {
    verifier,
    proofs,
    fetch: watched,
    /** The requests of `fetch`, oldest first, with their proofs' claims. */
    sent,
    tokenStatuses: () => tokenRequests.map(({ status }) => status),
    client: (options: Partial<ClientCredentialsAuthenticatorOptions> = {}) =>
      new ClientCredentialsAuthenticator({
        endpoint: api.origin,
        clientId: "id",
        ...options.clientAuth === undefined && { clientSecret: "secret" },
        configStore: new StaticClientConfigStore({ issuer, tokenEndpoint, scopes: ["api:read"] }),
        dpop: proofs,
        fetch: watched,
        headerKey,
        ...options,
      }),
  });
}
