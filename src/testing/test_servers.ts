/**
 * An authorization server and a protected API inside the process.
 *
 * @module
 */

import { checkDuration, checkNumber, checkScopes, checkUrl, throwInvalid } from "../arguments.ts";
import { StaticClientConfigStore } from "../config_store/static.ts";
import type { Fetch } from "../http/fetch.ts";
import { printAsJson } from "../printing.ts";
import { waitFor } from "../refresh/deadlines.ts";
import { assertCalls, assertTokenRequests } from "./assertions.ts";
import { AuthorizationServer, type TestAuthorizationServer } from "./authorization_server.ts";
import type { TestClient } from "./client_authentication.ts";
import { IssuedTokens } from "./issued_tokens.ts";
import { KeySet } from "./json_web_tokens.ts";
import { ProtectedApi, type TestApi, type TestApiAnswer } from "./protected_api.ts";
import { Proofs } from "./proofs.ts";
import { type TestClock, testClock } from "./test_clock.ts";

/** Options of {@linkcode testServers}. None is required. */
export interface TestServersOptions {
  /** The issuer identifier. Default: `https://auth.test`. It may share its origin with the API. */
  readonly issuer?: string | undefined;
  /** The API's URL. Default: `https://api.test`. */
  readonly endpoint?: string | undefined;
  /** The clients. Default: one, `test-client`, with the secret `test-secret-of-more-than-32-characters`. */
  readonly clients?: readonly TestClient[] | undefined;
  /** The scopes that the server knows; it refuses others. Default: it grants any. */
  readonly scopes?: readonly string[] | undefined;
  /** How long tokens live, in milliseconds. Default: 3,600,000. */
  readonly lifetime?: number | undefined;
  /** What tokens are: `test-token-1` and so on, or signed JWTs (RFC 9068). Default: `"opaque"`. */
  readonly tokens?: "opaque" | "jwt" | undefined;
  /** Whether both servers want each request to have a DPoP proof, and proofs to have their nonce. Default: neither. */
  readonly dpop?: { readonly required?: boolean | undefined; readonly nonces?: boolean | undefined } | undefined;
  /** Public keys by the issuers whose assertions and tokens are taken by the JWT bearer grant and token exchange. */
  readonly trustedIssuers?: Readonly<Record<string, readonly JsonWebKey[]>> | undefined;
  /** The audience that the API wants tokens to have. Default: it takes any. */
  readonly audience?: string | undefined;
  /** The scopes that the API wants tokens to have. Default: none. */
  readonly requiredScopes?: readonly string[] | undefined;
  /** The header that the API reads the token from. Default: `authorization`. */
  readonly headerKey?: string | undefined;
  /** Answers calls whose token was accepted. Default: JSON that says what came, and for what the token was issued. */
  readonly answer?: TestApiAnswer | undefined;
  /** Sends requests for other origins. Default: they fail, as where no connection is made. */
  readonly otherwise?: Fetch | undefined;
  /** How many requests each server keeps in `requests`: the last ones. Default: all. */
  readonly maxRequests?: number | undefined;
  /** The servers' clock. Default: a new one. */
  readonly clock?: TestClock | undefined;
}

/** Options for an authenticator of the first client. Pauses between its attempts are 10 ms at most. */
export interface TestClientOptions {
  /** The API's URL. */
  readonly endpoint: string;
  /** The client's identifier. */
  readonly clientId: string;
  /** The client's secret; absent where it has none. */
  readonly clientSecret?: string;
  /** The settings of the test authorization server. */
  readonly configStore: StaticClientConfigStore;
  /** Answers for both servers. */
  readonly fetch: Fetch;
  /** The servers' clock. */
  readonly clock: TestClock;
  /** Short pauses. */
  readonly retry: { readonly maxDelay: number };
}

/** An authorization server and a protected API inside the process. */
export interface TestServers {
  /** Answers for both servers, in the shape of `fetch`; redirects aren't followed. */
  readonly fetch: Fetch;
  /** Options for an authenticator of the first client. */
  readonly options: TestClientOptions;
  /** The authorization server. */
  readonly authorizationServer: TestAuthorizationServer;
  /** The API. */
  readonly api: TestApi;
  /** The clock of both. Once it is moved, `dpop` and signed assertions need it as well, as their option `clock`. */
  readonly clock: TestClock;
  /**
   * Asserts how many requests the token endpoint has received.
   *
   * @param expected How many.
   * @throws {Error} If there were more or fewer: it lists them.
   */
  assertTokenRequests(expected: number): void;
  /**
   * Asserts which calls the API has received, in that order, refused and replayed ones included.
   *
   * @param expected Each as `GET /v1/projects`, or with the status of its answer as `GET /v1/projects 401`.
   * @throws {Error} If there were others: it lists them.
   */
  assertCalls(expected: readonly string[]): void;
  /**
   * Forgets requests, tokens and what `next` and `narrow` said, as between two tests. Clients stay; make new
   * authenticators, for the old ones have tokens that aren't known any more.
   */
  reset(): void;
}

/**
 * Makes an authorization server and a protected API that are functions, without a socket.
 *
 * The server speaks the client credentials, JWT bearer and token exchange grants, by every client authentication method but
 * certificates, which no `fetch` handler sees; revocation, introspection, metadata, and DPoP. Token exchange issues grants
 * for another server as well, by the token types `id-jag` and `jwt`. The last 10,000 tokens are known, and as many
 * assertions and proofs as used.
 *
 * @example
 * ```ts
 * import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
 * import { testServers } from "@m2m/authenticator/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const kit = testServers({ answer: () => Response.json(["p1"]) });
 * const authenticator = new ClientCredentialsAuthenticator(kit.options);
 * assertEquals(await (await authenticator.fetch("/v1/projects")).json(), ["p1"]);
 *
 * kit.clock.advance(3_600_000);
 * await authenticator.fetch("/v1/projects");
 * kit.assertTokenRequests(2);
 * kit.assertCalls(["GET /v1/projects", "GET /v1/projects"]);
 * ```
 *
 * @param options What isn't as usual.
 * @returns The servers, and what tests need of them.
 * @throws {TypeError} If an option can't be used.
 * @throws {RangeError} If `lifetime` or `maxRequests` is out of range.
 */
export function testServers(options: TestServersOptions = {}): TestServers {
  return new Servers(options);
}

const defaultClient: TestClient = {
  clientId: "test-client",
  clientSecret: "test-secret-of-more-than-32-characters",
};

class Servers implements TestServers {
  readonly authorizationServer: AuthorizationServer;
  readonly api: ProtectedApi;
  readonly clock: TestClock;
  readonly fetch: Fetch = async (input, init) => await this.#fetch(new Request(input, init));
  readonly #tokens: IssuedTokens;
  readonly #client: TestClient;
  readonly #otherwise: Fetch;

  constructor(options: TestServersOptions) {
    printAsJson(Servers.prototype);
    const { issuer = "https://auth.test", endpoint = "https://api.test", clients = [defaultClient] } = options;
    const { lifetime = 3_600_000, tokens: format = "opaque", clock = testClock(), dpop = {} } = options;
    for (const [name, url] of Object.entries({ issuer, endpoint })) checkUrl(name, url);
    checkDuration("lifetime", lifetime);
    checkNumber("maxRequests", options.maxRequests, 0);
    if (format !== "opaque" && format !== "jwt") throwInvalid("tokens", '"opaque" or "jwt"', format);
    const [client] = clients;
    if (!client) throw new TypeError("clients must have one client at least.");
    const scopes = checkScopes(options.scopes);
    const keys = new KeySet();
    const tokens = new IssuedTokens({ issuer, clock, keys: format === "jwt" ? keys : undefined });
    const { required: wantsProof = false, nonces: wantsNonce = false } = dpop;
    const { headerKey = "authorization", audience, requiredScopes = [], answer, trustedIssuers = {}, maxRequests } =
      options;
    const both = { issuer, scopes, tokens, wantsProof, maxRequests };
    this.authorizationServer = new AuthorizationServer(
      { ...both, clients, lifetime, keys, clock, wantsNonce, trustedIssuers },
    );
    const proofs = new Proofs(clock, wantsNonce ? "api" : undefined);
    this.api = new ProtectedApi({ ...both, endpoint, proofs, headerKey, audience, requiredScopes, answer });
    this.clock = clock;
    this.#tokens = tokens;
    this.#client = client;
    this.#otherwise = options.otherwise ?? ((input) => {
      const { origin } = new URL(input instanceof Request ? input.url : input);
      const names = `${new URL(issuer).origin} and ${new URL(endpoint).origin}`;
      throw new TypeError(`Cannot connect to ${origin}: the test servers are ${names}. Set otherwise to reach others.`);
    });
  }

  get options(): TestClientOptions {
    const { authorizationServer: { issuer, tokenEndpoint, revocationEndpoint }, api: { endpoint }, clock, fetch } =
      this;
    const { clientId, clientSecret } = this.#client;
    const [secret] = [clientSecret].flat();
    const configStore = new StaticClientConfigStore({ tokenEndpoint, issuer, revocationEndpoint });
    const retry = { maxDelay: 10 };
    return {
      endpoint,
      clientId,
      ...secret !== undefined && { clientSecret: secret },
      configStore,
      fetch,
      clock,
      retry,
    };
  }

  assertTokenRequests(expected: number): void {
    assertTokenRequests(this.authorizationServer.tokenRequests, expected);
  }

  assertCalls(expected: readonly string[]): void {
    assertCalls(this.api.calls, expected);
  }

  reset(): void {
    this.authorizationServer.reset();
    this.api.reset();
    this.#tokens.reset();
  }

  toJSON(): object {
    const { authorizationServer: { issuer, tokenRequests }, api: { endpoint, calls } } = this;
    return { issuer, endpoint, tokenRequests, calls };
  }

  async #fetch(request: Request): Promise<Response> {
    const { url, signal } = request;
    signal?.throwIfAborted();
    const { origin, pathname } = new URL(url);
    const isApi = origin === new URL(this.api.endpoint).origin;
    const isServer = origin === new URL(this.authorizationServer.issuer).origin;
    if (!isApi && !isServer) return await this.#otherwise(request);
    const server = isServer && (!isApi || this.authorizationServer.isOwn(pathname))
      ? this.authorizationServer
      : this.api;
    const response = await waitFor(server.fetch(request), { signal });
    // As those of real servers have it.
    return Object.defineProperty(response, "url", { value: url });
  }
}
