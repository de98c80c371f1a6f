/**
 * Options that the [FAPI 2.0 Security Profile](https://openid.net/specs/fapi-security-profile-2_0-final.html) allows a
 * client. Paragraphs (§) are those of the final version, of February 2025.
 *
 * | the profile | here |
 * |---|---|
 * | §5.3.3.1 (1): sender-constrained tokens | `dpop`, or a client certificate, is required; `allowBearer` is refused |
 * | §5.3.3.1 (2): client authentication | `private_key_jwt`, `tls_client_auth`, `self_signed_tls_client_auth` only |
 * | §5.3.3.1 (3): the token's header | `headerKey` must be `authorization` |
 * | §5.3.3.1 (5): the assertion's audience | the issuer, a single string |
 * | §5.3.3.1 (9): the server's metadata | `StaticClientConfigStore` is refused |
 * | §5.2: TLS | an `http:` API (but on loopback), `verify: false`, `allowInsecureRequests` are refused |
 * | §5.4.1: algorithms | `PS256`, `ES256`, `EdDSA` (`Ed25519`) only, for assertions and proofs |
 *
 * What is known only when a key is looked up is checked before the request is sent.
 *
 * @module
 */

import { checkUrl, throwInvalid } from "../arguments.ts";
import type { ClientAuth } from "../client_auth/client_auth.ts";
import { privateKeyJwt, type PrivateKeyJwtOptions } from "../client_auth/private_key_jwt.ts";
import type { ClientConfigStore } from "../config_store/client_config_store.ts";
import { StaticClientConfigStore } from "../config_store/static.ts";
import type { ProofOfPossession } from "../dpop/proof_of_possession.ts";
import type { Fetch } from "../http/fetch.ts";
import { isExposed } from "../http/loopback.ts";
import type { PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
import { readSigningKey } from "../jwt/signing_key.ts";
import type { ClientCertificate } from "../transport/transport.ts";
import { explainAlgorithm, watchAssertions, watchProofs } from "./watched_jwts.ts";

/** Names an algorithm that the profile allows (§5.4.1). */
export type Fapi2Algorithm = Extract<PrivateKeyAlgorithm, "PS256" | "ES256" | "EdDSA" | "Ed25519">;

/** Options of {@linkcode fapi2}: those of an authenticator that the profile limits, and `key`. Others are passed on. */
export interface Fapi2Options {
  /**
   * The client's private key, as `privateKeyJwt` takes it: the client authenticates by it, with the issuer as audience
   * and the type `client-authentication+jwt` (draft-ietf-oauth-rfc7523bis-11). Not with `clientAuth`.
   *
   * @default {none: `clientAuth` authenticates the client}
   */
  readonly key?: Parameters<typeof privateKeyJwt>[0] | undefined;
  /**
   * How assertions are signed by `key`. `header: { typ: "JWT" }` is for servers that refuse the new type.
   *
   * @default {the key's own algorithm and identifier}
   */
  readonly assertion?:
    | Omit<PrivateKeyJwtOptions, "audience" | "alg"> & { readonly alg?: Fapi2Algorithm | undefined }
    | undefined;
  /** Authenticates the client, in place of `key`: by its certificate (`tlsClientAuth`), or by an assertion. */
  readonly clientAuth?: ClientAuth | undefined;
  /**
   * Makes sender-constrained tokens. Default: tokens bound to the client's certificate; with `key`, the config store needs
   * `useMtlsEndpointAliases` for it.
   */
  readonly dpop?: ProofOfPossession | undefined;
  /** The client's certificate, to authenticate or to bind tokens by it (RFC 8705). Default: that of `fetch`. */
  readonly clientCertificate?: ClientCertificate | undefined;
  /** Sends all requests. Without `dpop` it must show the client's certificate, which can't be checked here. */
  readonly fetch?: Fetch | undefined;
  /** Reads the server's metadata: a `DiscoveryClientConfigStore`, say. */
  readonly configStore: ClientConfigStore;
}

/** What {@linkcode fapi2} returns: the options given, with those that the profile asks for. */
export type Fapi2Result<Options> =
  & Omit<Options, "key" | "assertion" | "clientAuth" | "dpop">
  & { readonly clientAuth: ClientAuth; readonly dpop?: ProofOfPossession };

const methods = ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"];
/** How a client assertion says what it is (draft-ietf-oauth-rfc7523bis-11). */
const assertionType = "client-authentication+jwt";

/** Options of an authenticator that may break the profile, and whether a value does. */
const forbidden: readonly (readonly [name: string, breaks: (value: unknown) => boolean, must: string])[] = [
  ["clientSecret", () => true, "must be left out: clients authenticate by a key or a certificate (§5.3.3.1, 2)"],
  ["tokenType", () => true, "must be left out: bearer tokens have no other name (§5.3.3.1, 3)"],
  [
    "headerKey",
    (value) => String(value).toLowerCase() !== "authorization",
    "must be authorization: tokens have no other header (§5.3.3.1, 3)",
  ],
  ["verify", (value) => value === false, "must not be false: servers' certificates are verified (§5.2)"],
  ["allowInsecureRequests", (value) => value !== false, "must be left out: requests are encrypted (§5.2)"],
  ["endpoint", (value) => isExposed(checkUrl("endpoint", value)), "must be https: (§5.2)"],
  [
    "allowedOrigins",
    (value) => [value].flat().some((url) => isExposed(checkUrl("allowedOrigins", url))),
    "must be https: (§5.2)",
  ],
  [
    "configStore",
    (value) => value instanceof StaticClientConfigStore,
    "must read the server's metadata, as DiscoveryClientConfigStore does (§5.3.3.1, 9)",
  ],
  [
    "dpop",
    (value) => ((value as ProofOfPossession).tokenTypes ?? []).some((type) => type !== "DPoP"),
    "must not have allowBearer: tokens are sender-constrained (§5.3.3.1, 1)",
  ],
];

/**
 * Checks options of an authenticator by the FAPI 2.0 Security Profile, and completes them.
 *
 * @example
 * ```ts
 * import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
 * import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
 * import { dpop } from "@m2m/authenticator/dpop";
 * import { fapi2 } from "@m2m/authenticator/fapi2";
 *
 * const { privateKey } = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]) as CryptoKeyPair;
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   ...fapi2({
 *     key: { key: privateKey, kid: "2026-11" },
 *     dpop: dpop(),
 *     configStore: new DiscoveryClientConfigStore("https://auth.example.com", { overrides: { scopes: ["payments"] } }),
 *   }),
 * });
 * console.log(authenticator.explain().clientId); // my-client
 * ```
 *
 * @example With a client certificate, and all options checked
 * ```ts ignore
 * // Not run: it needs a certificate, and a server that knows it.
 * import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
 * import { tlsClientAuth } from "@m2m/authenticator/client-auth/tls";
 * import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
 * import { fapi2 } from "@m2m/authenticator/fapi2";
 *
 * const authenticator = new ClientCredentialsAuthenticator(fapi2({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientAuth: tlsClientAuth(),
 *   clientCertificate: { cert: "/etc/my-client/tls.crt", key: "/etc/my-client/tls.key" },
 *   configStore: new DiscoveryClientConfigStore("https://auth.example.com"),
 * }));
 * ```
 *
 * @param options The options, with any others of an authenticator, which are checked where the profile limits them.
 * @returns Options to spread into an authenticator's constructor. Requests fail with an `AuthenticationError` with the
 * code `client_auth_unavailable` or `proof_failed` if an assertion or a proof isn't what the profile allows.
 * @throws {TypeError} If the profile forbids an option, or one is missing; the message names the paragraph.
 */
export function fapi2<Options extends Fapi2Options>(options: Options): Fapi2Result<Options> {
  const { key: _, assertion: __, clientAuth: ___, dpop, ...others } = options;
  const { clientCertificate, fetch } = options;
  for (const [name, breaks, must] of forbidden) {
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined && breaks(value)) throw new TypeError(`${name} ${must}, by FAPI 2.0.`);
  }
  if (options.configStore === undefined) throwInvalid("configStore", "a config store", undefined);
  const chosen = checkClientAuth(options);
  const showsCertificate = clientCertificate !== undefined || fetch !== undefined;
  if (!dpop && !showsCertificate) {
    throw new TypeError(
      "dpop or clientCertificate must be given (or a fetch that shows one): tokens are sender-constrained " +
        "(§5.3.3.1, 1), by FAPI 2.0.",
    );
  }
  if (/tls/.test(chosen.method) && !showsCertificate) {
    throw new TypeError(`clientCertificate, or a fetch that shows one, must be given for ${chosen.method}.`);
  }
  return {
    ...others,
    // The settings could name another.
    headerKey: (others as { headerKey?: string }).headerKey ?? "authorization",
    clientAuth: chosen.method === "private_key_jwt" ? watchAssertions(chosen) : chosen,
    ...dpop && { dpop: watchProofs(dpop) },
  } as unknown as Fapi2Result<Options>;
}

function checkClientAuth({ key, assertion = {}, clientAuth }: Fapi2Options): ClientAuth {
  if ((key === undefined) === (clientAuth === undefined)) {
    throw new TypeError("Either key or clientAuth must be given.");
  }
  if (clientAuth) {
    if (methods.includes(clientAuth.method)) return clientAuth;
    throw new TypeError(
      `clientAuth must be by ${methods.join(", ")} (§5.3.3.1, 2), not by ${clientAuth.method}, by FAPI 2.0.`,
    );
  }
  const { header, alg = findAlgorithm(key, assertion.kid) } = assertion;
  if ("audience" in assertion) {
    throw new TypeError("audience must be left out: it is the issuer (§5.3.3.1, 5), by FAPI 2.0.");
  }
  const fault = alg === undefined ? undefined : explainAlgorithm(alg);
  if (fault) throw new TypeError(fault);
  return privateKeyJwt(key!, { ...assertion, alg, audience: "issuer", header: { typ: assertionType, ...header } });
}

/** Finds the algorithm of a key that is known from the start; for an RSA key that doesn't say one, it is PS256. */
function findAlgorithm(key: unknown, kid: string | undefined): PrivateKeyAlgorithm | undefined {
  if (typeof key === "function") return undefined;
  for (const alg of [undefined, "PS256"] as const) {
    try {
      return readSigningKey(key, { alg, kid }).alg;
    } catch {
      // privateKeyJwt says what is wrong with it.
    }
  }
  return undefined;
}
