/**
 * A real authorization server on loopback: the certified `oidc-provider`, with the client credentials grant and JWT
 * access tokens. Tests and the demo can change its lifetime and delay while it runs.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
// Not the package's main module: that one warns about every runtime but Node.
// @ts-types="./oidc_provider.d.ts"
import { Provider } from "oidc-provider/lib/provider.js";
// @ts-types="./oidc_provider.d.ts"
import { createMemoryAdapter } from "oidc-provider/lib/adapters/memory_adapter.js";
// @ts-types="./oidc_provider.d.ts"
import { InvalidTarget } from "oidc-provider/lib/helpers/errors.js";
import { host, listen, preciseNow, wait } from "./loopback.ts";
import { type MachineGrant, readGrantClaims, registerGrant } from "./machine_grants.ts";
import { type MutualTls, mutualTlsFeature, mutualTlsMethods, mutualTlsServers } from "./mutual_tls.ts";
import type { Client, Context, GrantContext } from "./oidc_provider.d.ts";

const families = ["HS", "RS", "PS", "ES"];
const assertionAlgorithms = [...families.flatMap((it) => [`${it}256`, `${it}384`, `${it}512`]), "EdDSA", "Ed25519"];
/** What FAPI 2.0 allows (§5.4.1). */
const fapiAlgorithms = ["PS256", "ES256", "EdDSA", "Ed25519"];
const secretMethods = ["basic", "post", "jwt"].map((it) => `client_secret_${it}`);
const defaultAuthMethods = [...secretMethods, "private_key_jwt", "none"];

/** A client's metadata (RFC 7591). */
export interface RegisteredClient {
  readonly client_id: string;
  readonly client_secret?: string;
  /** Default: `client_secret_basic`. */
  readonly token_endpoint_auth_method?: string;
  /** The scopes it may ask for, space-separated. Default: all the server knows. */
  readonly scope?: string;
  readonly [metadata: string]: unknown;
}

export interface AuthorizationServerOptions {
  readonly clients: readonly RegisteredClient[];
  /** The scopes the server knows; others are dropped silently, as RFC 6749 §3.3 allows. Default: `api:read`. */
  readonly scopes?: readonly string[];
  /** The audiences tokens are issued for; the first if a request names none. Default: every absolute URI. */
  readonly audiences?: readonly string[];
  /** Lifetime of the access tokens, in whole seconds. Default: 600. */
  readonly lifetime?: number;
  /** Grants besides the client credentials grant. Default: none. */
  readonly grants?: readonly MachineGrant[];
  /** Whether tokens are opaque, and need introspection. Default: false, they are JWTs. */
  readonly opaqueTokens?: boolean;
  /** The types of `authorization_details` it knows. Default: none, and it ignores the parameter. */
  readonly authorizationDetailsTypes?: readonly string[];
  /** Default: 0, any free port. */
  readonly port?: number;
  /**
   * Serves by TLS, with certificate authentication (RFC 8705) at a second port, which the metadata names. Default: no
   * TLS.
   */
  readonly mutualTls?: MutualTls;
  /** The authentication methods besides certificates, which it publishes. Default: by secrets and assertions. */
  readonly authMethods?: readonly string[];
  /**
   * Reads clients' metadata, by this `fetch`, at the URLs that are their identifiers, and caches it for as long as they say.
   * Default: it knows its `clients` alone.
   */
  readonly fetchMetadata?: typeof fetch;
  /** Whether it keeps to the FAPI 2.0 Security Profile. Default: false. */
  readonly fapi?: boolean;
  /** Another audience of client assertions, as behind a proxy. Default: its issuer alone. */
  readonly knownAs?: string;
  /** DPoP, which it always takes (RFC 9449). */
  readonly dpop?: {
    /** Whether each proof must have the server's nonce. Default: false, and no proof may have any. */
    readonly nonces?: boolean;
    /** The URL that proofs name, as behind a proxy. Default: the token endpoint's own. */
    readonly tokenEndpoint?: string;
  };
}

/** One request to the token endpoint. For tests only: `parameters` is as sent, a posted secret included. */
interface TokenRequest {
  /** Scheme and host it came under. */
  readonly origin: string;
  readonly headerNames: readonly string[];
  /** Empty until the form has been read, and for a body that isn't a form. */
  readonly parameters: Readonly<Record<string, string | string[]>>;
  /** Absent until it is answered. */
  readonly status?: number;
}

export type AuthorizationServer = Awaited<ReturnType<typeof startAuthorizationServer>>;

/** Starts the server. Throws `Deno.errors.AddrInUse` if the port is taken. */
export async function startAuthorizationServer(options: AuthorizationServerOptions) {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const key = await exportJWK(privateKey);
  const keys = [{ ...key, kid: await calculateJwkThumbprint(key), alg: "ES256", use: "sig" }];
  const { mutualTls, port = 0 } = options;
  const servers = mutualTls ? mutualTlsServers(mutualTls) : [createServer()];
  // The issuer has the port in it, so listening comes first.
  const listening: Awaited<ReturnType<typeof listen>>[] = [];
  for (const server of servers) listening.push(await listen(server, listening.length === 0 ? port : 0));
  const [issuer = "", mutual] = listening.map(({ port }) => `${mutualTls ? "https" : "http"}://${host}:${port}`);
  const closing = new AbortController();
  const tokenRequests: TokenRequest[] = [];
  const revocationRequests: TokenRequest[] = [];
  /** Stops listening and drops the requests under way. */
  const close = async () => {
    closing.abort();
    await Promise.all(listening.map(({ close }) => close()));
  };
  const started = {
    issuer,
    /** The origin that asks for client certificates, if there is one. */
    mutual,
    tokenEndpoint: `${issuer}/token`,
    revocationEndpoint: `${issuer}/token/revocation`,
    introspectionEndpoint: `${issuer}/token/introspection`,
    jwksUri: `${issuer}/jwks`,
    /** Every request the token endpoint got, oldest first. */
    tokenRequests: tokenRequests as readonly TokenRequest[],
    /** Every request the revocation endpoint got, likewise. */
    revocationRequests: revocationRequests as readonly TokenRequest[],
    /** Lifetime of the access tokens issued from now on, in whole seconds. */
    lifetime: options.lifetime ?? 600,
    /** The secrets it accepts from a client from now on, by the client's id. Default: the registered one. */
    acceptedSecrets: new Map<string, readonly string[]>(),
    /** How long the token endpoint waits before it looks at a request, in milliseconds. */
    delay: 0,
    close,
    [Symbol.asyncDispose]: close,
  };

  const provider = new Provider(issuer, configure(started, { keys }, options));
  adapt(provider, options, started.acceptedSecrets);
  for (const grant of options.grants ?? []) registerGrant({ provider, issuer, keys }, grant);
  provider.use(async (context, next) => {
    const { path, headers, href } = context;
    const isToken = path === "/token";
    if (!isToken && path !== "/token/revocation") return await next();
    const { origin } = new URL(href);
    const request = { origin, headerNames: Object.keys(headers), parameters: {} };
    (isToken ? tokenRequests : revocationRequests).push(request);
    if (isToken && started.delay > 0) await wait(started.delay, closing.signal);
    if (context.socket.destroyed) return;
    await next();
    Object.assign(request, { status: context.status, parameters: { ...context.oidc?.body } });
  });
  // Koa would print that a client has disconnected, which tests do on purpose.
  provider.on("error", (error) => error.code !== "ECONNRESET" && console.error(error));
  for (const server of servers) server.on("request", provider.callback());
  return started;
}

/** Builds oidc-provider's configuration. */
function configure(
  server: { issuer: string; mutual: string | undefined; lifetime: number },
  jwks: { keys: JWK[] },
  options: AuthorizationServerOptions,
): object {
  const { mutual, issuer } = server;
  const { scopes = ["api:read"], audiences, authMethods = defaultAuthMethods, grants = [], dpop } = options;
  const types = options.authorizationDetailsTypes ?? [];
  const nonceSecret = Buffer.from(crypto.getRandomValues(new Uint8Array(32)));
  const off = { enabled: false };
  const { fetchMetadata, fapi = false } = options;
  const signing = fapi ? fapiAlgorithms : assertionAlgorithms;
  return {
    adapter: createMemoryAdapter(),
    clients: options.clients.map((client) => {
      const own = client.token_endpoint_auth_method === "none" ? [] : ["client_credentials"];
      return {
        ...client,
        grant_types: client.grant_types ?? [...own, ...grants.map(({ name }) => name)],
        redirect_uris: [],
        response_types: [],
      };
    }),
    clientAuthMethods: [...authMethods, ...mutual === undefined ? [] : mutualTlsMethods],
    discovery: mutual === undefined ? {} : { mtls_endpoint_aliases: { token_endpoint: `${mutual}/token` } },
    clientBasedCORS: () => true,
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    cookies: { keys: [crypto.randomUUID()] },
    enabledJWA: {
      idTokenSigningAlgValues: ["ES256"],
      clientAuthSigningAlgValues: signing,
      dPoPSigningAlgValues: signing.filter((alg) => !alg.startsWith("HS")),
    },
    // `iat` counts whole seconds: too coarse for an API that revokes a token and takes the next at once.
    extraTokenClaims: (context: Context) => ({ issued_at_ms: preciseNow(), ...readGrantClaims(context) }),
    features: {
      clientCredentials: { enabled: true },
      clientIdMetadataDocument: { enabled: !!fetchMetadata, ack: "draft-02", cacheDuration: { min: 0, max: 86_400 } },
      devInteractions: off,
      ...fapi && { fapi: { enabled: true, profile: "2.0" } },
      introspection: { enabled: true, allowedPolicy: () => true },
      ...mutual !== undefined && { mTLS: mutualTlsFeature },
      dPoP: { enabled: true, ...dpop?.nonces && { nonceSecret, requireNonce: () => true } },
      pushedAuthorizationRequests: off,
      revocation: {
        enabled: true,
        allowedPolicy: (_context: Context, client: Client, token: Client) => token.clientId === client.clientId,
      },
      richAuthorizationRequests: {
        enabled: types.length > 0,
        types: Object.fromEntries(types.map((type) => [type, { validate() {} }])),
        authorizationDetailsForAccessToken: ({ oidc }: GrantContext) =>
          JSON.parse(String(oidc.params.authorization_details)),
      },
      rpInitiatedLogout: off,
      userinfo: off,
      resourceIndicators: {
        enabled: true,
        // Asked only if a request has no `resource` (RFC 8707): many clients send `audience` instead.
        defaultResource: (context: Context) => context.oidc?.body?.audience ?? audiences?.[0] ?? issuer,
        useGrantedResource: () => true,
        getResourceServerInfo(_context: Context, resource: string) {
          if (audiences !== undefined && !audiences.includes(resource)) throw new InvalidTarget();
          const accessTokenFormat = options.opaqueTokens ? "opaque" : "jwt";
          return { scope: scopes.join(" "), audience: resource, accessTokenFormat, jwt: { sign: { alg: "ES256" } } };
        },
      },
    },
    ...fetchMetadata && { fetch: fetchMetadata },
    jwks,
    renderError: (context: Context, error: unknown) => void (context.body = error),
    responseTypes: [],
    scopes: [...scopes],
    ttl: { ClientCredentials: () => server.lifetime },
  };
}

/** Changes what oidc-provider has no option for. */
function adapt(
  provider: Provider,
  { knownAs, dpop }: AuthorizationServerOptions,
  acceptedSecrets: ReadonlyMap<string, readonly string[]>,
): void {
  const { Client: { prototype: client }, OIDCContext: { prototype: context } } = provider;
  const { compareClientSecret } = client;
  const { clientJwtAuthExpectedAudience, urlFor } = context;
  // Many servers accept two secrets of a client during a rotation.
  client.compareClientSecret = function (actual) {
    return acceptedSecrets.get(this.clientId)?.includes(actual) ?? compareClientSecret.call(this, actual);
  };
  context.clientJwtAuthExpectedAudience = function () {
    const audiences = clientJwtAuthExpectedAudience.call(this);
    return knownAs === undefined ? audiences : audiences.add(knownAs);
  };
  context.urlFor = function (name, options) {
    // The metadata names the endpoint as before.
    const isProof = name === "token" && this.route === "token";
    return isProof && dpop?.tokenEndpoint || urlFor.call(this, name, options);
  };
}
