/**
 * The servers behind the hosts which the documentation's examples name: real authorization servers, and APIs that
 * check the tokens they give. Started once for a whole test run.
 *
 * @module
 */

import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startFlyte } from "../servers/flyteadmin.ts";
import { DpopVerifier } from "../servers/dpop_verifier.ts";
import { startProtectedApi } from "../servers/protected_api.ts";

const scopes = ["api:read", "api:write", "all"];

/** What the examples may rely on: most of them on the first pair, README's first on the demo's. */
const pairs = [
  {
    issuer: "https://auth.example.com",
    api: "https://api.example.com",
    audiences: ["https://api.example.com"],
    clients: [
      { client_id: "my-client", client_secret: "my-secret" },
      {
        client_id: "my-post-client",
        client_secret: "my-secret",
        token_endpoint_auth_method: "client_secret_post" as const,
      },
      {
        client_id: "my-secret-jwt-client",
        client_secret: "my-secret-of-at-least-32-characters",
        token_endpoint_auth_method: "client_secret_jwt" as const,
      },
      {
        client_id: "my-key-client",
        token_endpoint_auth_method: "private_key_jwt" as const,
        // The public half of the example of RFC 8037 appendix A.
        jwks: {
          keys: [{
            kty: "OKP",
            crv: "Ed25519",
            x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            kid: "2026-11",
          }],
        },
      },
    ],
  },
  {
    // What `deno task demo --serve` starts: here on other ports, for these may be taken.
    issuer: "http://127.0.0.1:8401",
    api: "http://127.0.0.1:8400",
    audiences: ["http://127.0.0.1:8400"],
    clients: [{ client_id: "demo", client_secret: "demo-secret" }],
  },
];

/** A Flyte platform that leaves signing in to the first pair's server. */
const flyte = { origin: "https://flyte.example.com", issuer: "https://auth.example.com", scopes: ["all"] };

export interface ExampleServers extends AsyncDisposable {
  /** For the environment of the tests: where each origin of the examples really is. */
  readonly hosts: string;
}

export async function startExampleServers(): Promise<ExampleServers> {
  await using stack = new AsyncDisposableStack();
  const hosts: Record<string, string> = {};
  for (const { issuer, api, ...options } of pairs) {
    const dpop = { tokenEndpoint: `${issuer}/oauth/token` };
    const authorizationServer = stack.use(
      await startAuthorizationServer({ scopes, knownAs: issuer, dpop, ...options }),
    );
    const { issuer: realIssuer, jwksUri } = authorizationServer;
    hosts[issuer] = realIssuer;
    const verifier = new DpopVerifier({ origin: api });
    hosts[api] = stack.use(startProtectedApi({ issuer: realIssuer, jwksUri, audience: api, dpop: verifier })).origin;
    if (issuer !== flyte.issuer) continue;
    const platform = startFlyte({
      authorizationServer,
      audience: api,
      metadata: { issuer, token_endpoint: `${issuer}/oauth/token` },
      client: { scopes: flyte.scopes },
    });
    hosts[flyte.origin] = stack.use(platform).origin;
  }
  const started = stack.move();
  return { hosts: JSON.stringify(hosts), [Symbol.asyncDispose]: () => started.disposeAsync() };
}
