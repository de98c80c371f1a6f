/**
 * The metadata of a test authorization server (RFC 8414 §2).
 *
 * @module
 */

import { clientCredentials, jwtBearer, tokenExchange } from "./token_requests.ts";

/** The URLs of a server. */
export interface ServerUrls {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string;
  readonly introspectionEndpoint: string;
}

/** Describes a server to its clients. */
export function describeServer(
  { issuer, tokenEndpoint, revocationEndpoint, introspectionEndpoint }: ServerUrls,
  { jwksUri, scopes }: { jwksUri: string; scopes: readonly string[] | undefined },
): object {
  return {
    issuer,
    token_endpoint: tokenEndpoint,
    revocation_endpoint: revocationEndpoint,
    introspection_endpoint: introspectionEndpoint,
    jwks_uri: jwksUri,
    response_types_supported: [],
    grant_types_supported: [clientCredentials, jwtBearer, tokenExchange],
    token_endpoint_auth_methods_supported: authMethods,
    token_endpoint_auth_signing_alg_values_supported: [...secretAlgorithms, ...keyAlgorithms],
    dpop_signing_alg_values_supported: keyAlgorithms,
    ...scopes && { scopes_supported: scopes },
  };
}

/** All that need no certificate, which a `fetch` handler can't see. */
const authMethods = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"];
const [secretAlgorithms = [], ...others] = ["HS", "RS", "PS", "ES"].map((it) =>
  ["256", "384", "512"].map((n) => it + n)
);
const keyAlgorithms = [...others.flat(), "EdDSA", "Ed25519"];
