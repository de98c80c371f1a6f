/**
 * A real authorization server on loopback: the certified `oidc-provider`, with the client credentials grant and
 * JWT access tokens. What a test or the demo wants to change while it runs (lifetime, delay) can be set.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createServer, type Server } from "node:http";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
// Not the package's front door: that one warns about every runtime but Node before it hands over this class.
// @ts-types="./oidc_provider.d.ts"
import { Provider } from "oidc-provider/lib/provider.js";
// @ts-types="./oidc_provider.d.ts"
import { InvalidTarget } from "oidc-provider/lib/helpers/errors.js";
import { grantedClaims, type MachineGrant, registerGrant } from "./machine_grants.ts";
import { MemoryAdapter } from "./memory_adapter.ts";
import { type MutualTls, mutualTlsFeature, mutualTlsMethods, mutualTlsServers } from "./mutual_tls.ts";

const host = "127.0.0.1";

/** What a client may sign its assertions by. */
const assertionAlgorithms = [
  ...["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** A client as the server knows it, in the words of RFC 7591. More of its metadata may be added. */
export interface RegisteredClient {
  readonly client_id: string;
  readonly client_secret?: string;
  /** How it proves itself. Default: `client_secret_basic`. */
  readonly token_endpoint_auth_method?:
    | "client_secret_basic"
    | "client_secret_post"
    | "client_secret_jwt"
    | "private_key_jwt"
    | "tls_client_auth"
    | "self_signed_tls_client_auth"
    | "none";
  /** The scopes it may ask for, space-separated. Default: all the server knows. */
  readonly scope?: string;
  readonly [metadata: string]: unknown;
}

export interface AuthorizationServerOptions {
  readonly clients: readonly RegisteredClient[];
  /** The scopes the server knows; others are dropped silently, as RFC 6749 §3.3 allows. Default: `api:read`. */
  readonly scopes?: readonly string[];
  /** The audiences tokens are given for; the first when a request names none. Default: every absolute URI. */
  readonly audiences?: readonly string[];
  /** Lifetime of the access tokens, in whole seconds. Default: 600. */
  readonly lifetime?: number;
  /** Grants besides the client credentials grant. Default: none. */
  readonly grants?: readonly MachineGrant[];
  /** Whether its tokens say nothing: who wants to know asks for introspection. Default: false, they are JWTs. */
  readonly opaqueTokens?: boolean;
  /** The types of `authorization_details` it knows. Default: none, and it heeds no such parameter. */
  readonly authorizationDetailsTypes?: readonly string[];
  /** Default: 0, any free port. */
  readonly port?: number;
  /**
   * Serves by TLS, and clients that prove themselves by a certificate (RFC 8705) at a second port, which the metadata
   * names: only there is one asked for. Default: no TLS.
   */
  readonly mutualTls?: MutualTls;
  /** How clients may prove themselves besides by a certificate, which it publishes. Default: by secrets and assertions. */
  readonly authMethods?: readonly string[];
  /** Another name under which it takes client assertions, as behind a proxy. Default: its issuer's name alone. */
  readonly knownAs?: string;
  /** DPoP, which it always takes (RFC 9449). */
  readonly dpop?: {
    /** Whether each proof must have the server's nonce in it. Default: false, and no proof may have any. */
    readonly nonces?: boolean;
    /** The URL that proofs name, as behind a proxy. Default: the token endpoint's own. */
    readonly tokenEndpoint?: string;
  };
}

/** One request to the token endpoint. For tests only: `parameters` is as sent, a posted secret included. */
export interface TokenRequest {
  /** When it arrived, in milliseconds since the epoch. */
  readonly time: number;
  /** Scheme and host it came under. */
  readonly origin: string;
  readonly headerNames: readonly string[];
  /** Empty until the form has been read, and for a body that isn't a form. */
  readonly parameters: Readonly<Record<string, string | string[]>>;
  /** Absent until it is answered. */
  readonly status?: number;
}

/** What {@linkcode startAuthorizationServer} gives. */
export class AuthorizationServer implements AsyncDisposable {
  readonly issuer: string;
  /** The origin that asks for client certificates, where there is one. */
  readonly mutual: string | undefined;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string;
  readonly introspectionEndpoint: string;
  readonly jwksUri: string;
  /** Every request the token endpoint got, oldest first. */
  readonly tokenRequests: readonly TokenRequest[];
  /** Every request the revocation endpoint got, likewise. */
  readonly revocationRequests: readonly TokenRequest[];
  /** Lifetime of the access tokens given from now on, in whole seconds. */
  lifetime: number;
  /** The secrets it takes from a client from now on, by the client's id. Default: the one it was registered with. */
  readonly acceptedSecrets = new Map<string, readonly string[]>();
  /** How long the token endpoint waits before it looks at a request, in milliseconds. */
  delay = 0;
  /** The same of the revocation endpoint. */
  revocationDelay = 0;
  readonly #servers: readonly Server[];
  readonly #closing = new AbortController();

  /** @internal */
  constructor(
    servers: readonly Server[],
    [issuer, mutual]: Origins,
    jwks: { keys: JWK[] },
    options: AuthorizationServerOptions,
  ) {
    this.#servers = servers;
    this.issuer = issuer;
    this.mutual = mutual;
    this.tokenEndpoint = `${issuer}/token`;
    this.revocationEndpoint = `${issuer}/token/revocation`;
    this.introspectionEndpoint = `${issuer}/token/introspection`;
    this.jwksUri = `${issuer}/jwks`;
    this.lifetime = options.lifetime ?? 600;
    const tokenRequests: TokenRequest[] = [];
    this.tokenRequests = tokenRequests;
    const revocationRequests: TokenRequest[] = [];
    this.revocationRequests = revocationRequests;
    const logs: Readonly<Record<string, TokenRequest[]>> = {
      "/token": tokenRequests,
      "/token/revocation": revocationRequests,
    };
    const provider = new Provider(issuer, configuration([issuer, mutual], jwks, options, () => this.lifetime));
    if (options.knownAs !== undefined) takeAssertionsFor(provider, options.knownAs);
    takeSecrets(provider, this.acceptedSecrets);
    if (options.dpop?.tokenEndpoint !== undefined) callTokenEndpoint(provider, options.dpop.tokenEndpoint);
    for (const grant of options.grants ?? []) registerGrant({ provider, issuer, keys: jwks.keys }, grant);
    provider.use(async (context, next) => {
      const log = logs[context.path];
      if (log === undefined) return await next();
      const { headers, href } = context;
      const { origin } = new URL(href);
      const request = { time: Date.now(), origin, headerNames: Object.keys(headers), parameters: {} };
      log.push(request);
      await wait(log === tokenRequests ? this.delay : this.revocationDelay, this.#closing.signal);
      if (context.socket.destroyed) return;
      await next();
      Object.assign(request, { status: context.status, parameters: { ...context.oidc?.body } });
    });
    // Koa would print that a client has hung up, which tests do on purpose.
    provider.on("error", (error) => {
      if (error.code !== "ECONNRESET") console.error(error);
    });
    for (const server of servers) server.on("request", provider.callback());
  }

  /** Stops listening and drops the requests under way: nothing of the server is left afterwards. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#servers.map(async (server) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Starts the server. Throws `Deno.errors.AddrInUse` where the port asked for is taken. */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions,
): Promise<AuthorizationServer> {
  const jwks = { keys: [await newSigningKey()] };
  const { mutualTls, port = 0 } = options;
  const servers = mutualTls === undefined ? [createServer()] : mutualTlsServers(mutualTls);
  // The issuer carries the port, so listening comes first; the requests are routed in the same turn.
  for (const [index, server] of servers.entries()) await listen(server, index === 0 ? port : 0);
  const [first = "", second] = servers.map((server) => originOf(server, mutualTls === undefined ? "http" : "https"));
  return new AuthorizationServer(servers, [first, second], jwks, options);
}

/** The issuer, and the origin that asks for client certificates, where there is one. */
type Origins = readonly [issuer: string, mutual: string | undefined];

function originOf(server: Server, scheme: string): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot read the port: not on TCP");
  return `${scheme}://${host}:${address.port}`;
}

function configuration(
  [issuer, mutual]: Origins,
  jwks: { keys: object[] },
  options: AuthorizationServerOptions,
  lifetime: () => number,
): ConstructorParameters<typeof Provider>[1] {
  const scopes = options.scopes ?? ["api:read"];
  const {
    audiences,
    authMethods = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"],
  } = options;
  return {
    adapter: MemoryAdapter,
    clients: options.clients.map((client) => ({
      ...client,
      grant_types: [
        ...client.token_endpoint_auth_method === "none" ? [] : ["client_credentials"],
        ...(options.grants ?? []).map(({ name }) => name),
      ],
      redirect_uris: [],
      response_types: [],
    })),
    clientAuthMethods: [
      ...authMethods,
      ...mutual === undefined ? [] : mutualTlsMethods,
    ],
    discovery: mutual === undefined ? {} : { mtls_endpoint_aliases: { token_endpoint: `${mutual}/token` } },
    clientBasedCORS: () => true,
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    cookies: { keys: [crypto.randomUUID()] },
    enabledJWA: {
      idTokenSigningAlgValues: ["ES256"],
      clientAuthSigningAlgValues: assertionAlgorithms,
      dPoPSigningAlgValues: assertionAlgorithms.filter((alg) => !alg.startsWith("HS")),
    },
    // `iat` counts whole seconds: too coarse for an API that revokes a token and takes the next at once.
    extraTokenClaims: (context) => ({
      issued_at_ms: performance.timeOrigin + performance.now(),
      ...grantedClaims(context),
    }),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: () => true },
      ...mutual !== undefined && { mTLS: mutualTlsFeature },
      dPoP: {
        enabled: true,
        ...options.dpop?.nonces && {
          nonceSecret: Buffer.from(crypto.getRandomValues(new Uint8Array(32))),
          requireNonce: () => true,
        },
      },
      pushedAuthorizationRequests: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_context, { clientId }, token) => token.clientId === clientId },
      richAuthorizationRequests: {
        enabled: options.authorizationDetailsTypes !== undefined,
        types: Object.fromEntries((options.authorizationDetailsTypes ?? []).map((type) => [type, { validate() {} }])),
        authorizationDetailsForAccessToken: ({ oidc }) => JSON.parse(String(oidc.params.authorization_details)),
      },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      resourceIndicators: {
        enabled: true,
        // Asked only when a request has no `resource` (RFC 8707): many clients say `audience` instead.
        defaultResource: (context) => context.oidc?.body?.audience ?? audiences?.[0] ?? issuer,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource) => {
          if (audiences !== undefined && !audiences.includes(resource)) throw new InvalidTarget();
          return {
            scope: scopes.join(" "),
            audience: resource,
            accessTokenFormat: options.opaqueTokens ? "opaque" : "jwt",
            jwt: { sign: { alg: "ES256" } },
          };
        },
      },
    },
    jwks,
    renderError: (context, error) => void (context.body = error),
    responseTypes: [],
    scopes: [...scopes],
    ttl: { ClientCredentials: lifetime },
  };
}

function takeAssertionsFor(provider: Provider, audience: string): void {
  const { prototype } = provider.OIDCContext;
  const own = prototype.clientJwtAuthExpectedAudience;
  prototype.clientJwtAuthExpectedAudience = function () {
    return own.call(this).add(audience);
  };
}

/** Many servers know two secrets of a client while one takes the other's place; this one knows one. */
function takeSecrets(provider: Provider, accepted: ReadonlyMap<string, readonly string[]>): void {
  const { prototype } = provider.Client;
  const own = prototype.compareClientSecret;
  prototype.compareClientSecret = function (actual) {
    return accepted.get(this.clientId)?.includes(actual) ?? own.call(this, actual);
  };
}

function callTokenEndpoint(provider: Provider, url: string): void {
  const { prototype } = provider.OIDCContext;
  const own = prototype.urlFor;
  prototype.urlFor = function (name, options) {
    // Metadata names the endpoint as ever.
    return name === "token" && this.route === "token" ? url : own.call(this, name, options);
  };
}

async function newSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: "ES256", use: "sig" };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: Error & { code?: string }) => {
      reject(error.code === "EADDRINUSE" ? new Deno.errors.AddrInUse(error.message) : error);
    });
    server.listen(port, host, () => resolve());
  });
}

/** Waits `ms` milliseconds, or less when `signal` aborts: no timer is left behind. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      resolve();
    };
    const timer = setTimeout(stop, ms);
    signal.addEventListener("abort", stop);
  });
}
