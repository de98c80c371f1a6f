/**
 * The servers behind the hosts of the documentation's examples: real authorization servers, and APIs that verify their
 * tokens. Started once for a whole test run.
 *
 * @module
 */

import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startFlyte } from "../servers/flyteadmin.ts";
import { DpopVerifier } from "../servers/dpop_verifier.ts";
import { startProtectedApi } from "../servers/protected_api.ts";

const scopes = ["api:read", "api:write", "all"];

const x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const exampleKey = { kty: "OKP", crv: "Ed25519", x, kid: "2026-11" };

const longSecret = "my-secret-of-at-least-32-characters";

/** The first pair is for most examples, the second for README's first, and the demo's. */
const pairs = [
  {
    issuer: "https://auth.example.com",
    api: "https://api.example.com",
    audiences: ["https://api.example.com"],
    clients: [
      { client_id: "my-client", client_secret: "my-secret" },
      { client_id: "my-post-client", client_secret: "my-secret", token_endpoint_auth_method: "client_secret_post" },
      { client_id: "my-secret-jwt-client", client_secret: longSecret, token_endpoint_auth_method: "client_secret_jwt" },
      // The public half of the example of RFC 8037 appendix A.
      { client_id: "my-key-client", token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [exampleKey] } },
    ],
  },
  {
    // As by `deno task demo --serve`, on other ports: these may be taken.
    issuer: "http://127.0.0.1:8401",
    api: "http://127.0.0.1:8400",
    audiences: ["http://127.0.0.1:8400"],
    clients: [{ client_id: "demo", client_secret: "demo-secret" }],
  },
];

/** A Flyte platform that accepts the tokens of the first pair's server. */
const flyte = { origin: "https://flyte.example.com", issuer: "https://auth.example.com", scopes: ["all"] };

/** Starts them; `hosts` has the real origin of each of the examples' origins, as JSON for the tests' environment. */
export async function startExampleServers() {
  await using stack = new AsyncDisposableStack();
  const hosts: Record<string, string> = {};
  for (const { issuer, api, ...options } of pairs) {
    const dpop = { tokenEndpoint: `${issuer}/oauth/token` };
    const server = stack.use(await startAuthorizationServer({ scopes, knownAs: issuer, dpop, ...options }));
    hosts[issuer] = server.issuer;
    const verifier = new DpopVerifier({ origin: api });
    hosts[api] = stack.use(startProtectedApi({ ...server, audience: api, dpop: verifier })).origin;
    if (issuer !== flyte.issuer) continue;
    const known = { metadata: { issuer, token_endpoint: dpop.tokenEndpoint }, client: { scopes: flyte.scopes } };
    hosts[flyte.origin] = stack.use(startFlyte({ authorizationServer: server, audience: api, ...known })).origin;
  }
  const started = stack.move();
  return { hosts: JSON.stringify(hosts), [Symbol.asyncDispose]: () => started.disposeAsync() };
}
