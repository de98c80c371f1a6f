/**
 * Publishes a client's metadata at the URL that is its identifier, so that authorization servers know the client without
 * registration, and its keys can rotate without them.
 *
 * It follows [draft-ietf-oauth-client-id-metadata-document-03](https://www.ietf.org/archive/id/draft-ietf-oauth-client-id-metadata-document-03.txt);
 * servers that read such documents say so by `client_id_metadata_document_supported` in their own metadata.
 *
 * @module
 */

import { encodeBase64Url } from "@std/encoding/base64url";
import { checkNumber } from "../arguments.ts";
import { checkMetadata } from "./checked_metadata.ts";
import { checkClientIdUrl } from "./client_id_url.ts";
import { keepKeys } from "./kept_keys.ts";
import { checkPublishedKeys, type PublishedKeys } from "./published_keys.ts";

export type { PublishableJwk, PublishableKey, PublishedKey, PublishedKeys } from "./published_keys.ts";

/** Options of {@linkcode clientMetadata}. Those in snake_case are the client's metadata (RFC 7591 §2). */
export interface ClientMetadataOptions {
  /** The client's identifier: the URL of the document, exactly as the client sends it. */
  readonly clientId: string;
  /**
   * The client's keys, published as a JWK set at `jwks_uri`; or a function, for keys that rotate. It is called when keys are
   * requested, once a second at most (or once in `maxAge`, if that is shorter); while it throws, the last keys stay
   * published. Only what is public in them is published, whatever they hold.
   *
   * @default {none}
   */
  readonly keys?: PublishedKeys | (() => PublishedKeys | Promise<PublishedKeys>) | undefined;
  /**
   * The same, published in the document itself. Servers cache it as long as the document, and some no shorter than half
   * a minute.
   *
   * @default {none}
   */
  readonly jwks?: PublishedKeys | (() => PublishedKeys | Promise<PublishedKeys>) | undefined;
  /**
   * The URL of the JWK set. Keys at another origin are published there, not here.
   *
   * @default {the path of clientId, and "/jwks.json"}
   */
  readonly jwks_uri?: string | undefined;
  /**
   * Sets how long servers may cache both (`max-age`), in milliseconds: how long before its first use a key must be
   * published, and how long a revoked one may stay valid; for keys of a function it is up to a second more.
   *
   * @default {60_000}
   */
  readonly maxAge?: number | undefined;
  /**
   * How the client authenticates: no method with a shared secret (§4.1).
   *
   * @default {"private_key_jwt"}
   */
  readonly token_endpoint_auth_method?: string | undefined;
  /**
   * The client's grants.
   *
   * @default {["client_credentials"]}
   */
  readonly grant_types?: readonly string[] | undefined;
  /** The client's scopes, separated by spaces. */
  readonly scope?: string | undefined;
  /** Ways to contact the operators of the client. */
  readonly contacts?: readonly string[] | undefined;
  /** Further metadata, such as `client_name` or `token_endpoint_auth_signing_alg`. */
  readonly [member: `${string}_${string}`]: unknown;
}

/**
 * Makes a fetch handler that serves a client's metadata document and JWK set: for `Deno.serve`, `Bun.serve`, a Worker, or
 * Node with any adapter of `Request`. Paths count, not hosts, so it works behind a proxy. Other paths are answered by 404.
 *
 * To rotate a key without a failed call: publish the next one beside the current, wait for `maxAge` (or a minute, if that
 * is longer) and a second, sign with the next, wait for the lifetime of the last assertion, and publish the next alone.
 *
 * @example
 * ```ts
 * import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
 * import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
 * import { clientMetadata } from "@m2m/authenticator/client-metadata";
 * import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
 * import { assertEquals } from "@std/assert";
 *
 * const clientId = "https://client.example.com/oauth/reporter";
 * const algorithm = { name: "ECDSA", namedCurve: "P-256" };
 * const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
 * const key = { key: privateKey, publicKey, kid: "2026-11" };
 *
 * const handle = clientMetadata({ clientId, keys: [key], client_name: "Reporter" });
 * // Deno.serve(handle), Bun.serve({ fetch: handle }), or export default { fetch: handle }
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId,
 *   clientAuth: privateKeyJwt(key),
 *   configStore: new DiscoveryClientConfigStore("https://auth.example.com"),
 * });
 *
 * const document = await (await handle(new Request(clientId))).json();
 * assertEquals(document.client_id, authenticator.explain().clientId);
 * assertEquals(document.jwks_uri, "https://client.example.com/oauth/reporter/jwks.json");
 * ```
 *
 * @example With keys that rotate
 * ```ts
 * import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
 * import { clientMetadata } from "@m2m/authenticator/client-metadata";
 *
 * // A vault that knows which keys are published, and which of them signs.
 * const vault = { list: () => Promise.resolve(["-----BEGIN PRIVATE KEY-----…"]), signing: () => Promise.resolve("…") };
 * export const handle = clientMetadata({
 *   clientId: "https://client.example.com/oauth/reporter",
 *   keys: () => vault.list(),
 * });
 * export const clientAuth = privateKeyJwt(() => vault.signing());
 * ```
 *
 * @example On Node
 * ```ts ignore
 * // Not run: it needs Node, and a proxy in front that speaks TLS.
 * import { createServer } from "node:http";
 * import { clientMetadata } from "@m2m/authenticator/client-metadata";
 *
 * const handle = clientMetadata({ clientId: "https://client.example.com/oauth/reporter", keys: [process.env.KEY_PEM!] });
 * createServer(async ({ url, method = "GET", headers }, response) => {
 *   const condition = { "if-none-match": headers["if-none-match"] ?? "" };
 *   const answer = await handle(new Request(new URL(url!, "http://localhost"), { method, headers: condition }));
 *   response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
 * }).listen(8080);
 * ```
 *
 * @param options The client's identifier, keys and metadata.
 * @returns The handler. It rejects with the error of a function that has given no keys yet, and with a `TypeError` if keys
 * can't be used.
 * @throws {TypeError} If `clientId` is no URL that identifies a client (§3), a key can't be published, or the metadata
 * holds a secret or a private key (§4.1).
 * @throws {RangeError} If `maxAge` is out of range.
 */
export function clientMetadata(options: ClientMetadataOptions): (request: Request) => Promise<Response> {
  const {
    clientId,
    keys,
    jwks,
    maxAge = 60_000,
    jwks_uri: jwksUri,
    token_endpoint_auth_method = "private_key_jwt",
    grant_types = ["client_credentials"],
    ...metadata
  } = options;
  const { pathname, search, origin, href } = checkClientIdUrl("clientId", clientId);
  checkNumber("maxAge", maxAge, 0, 31_536_000_000);
  if ("client_id" in metadata) throw new TypeError("client_id must be left out: it is clientId.");
  const given = keys ?? jwks;
  const keysOrigin = jwksUri === undefined ? origin : checkClientIdUrl("jwks_uri", jwksUri).origin;
  if (keys !== undefined && (jwks !== undefined || keysOrigin !== origin)) {
    throw new TypeError("keys can't be combined with jwks, nor with a jwks_uri at another origin.");
  }
  if (jwks !== undefined && jwksUri !== undefined) {
    throw new TypeError("jwks can't be combined with jwks_uri (RFC 7591 §2).");
  }
  if (given !== undefined && typeof given !== "function") checkPublishedKeys(given);
  const keysUrl = jwksUri ?? (keys && `${origin}${pathname.replace(/\/$/, "")}/jwks.json`);
  if (keysUrl && new URL(keysUrl).href === href) {
    throw new TypeError("jwks_uri must be another URL than the document's.");
  }
  const document = {
    response_types: [],
    redirect_uris: [],
    ...metadata,
    token_endpoint_auth_method,
    grant_types,
    ...keysUrl !== undefined && { jwks_uri: keysUrl },
    client_id: clientId,
  };
  checkMetadata(document, given !== undefined || jwksUri !== undefined);

  const readKeys = keepKeys(given, maxAge);
  const keysPath = keys && toPath(new URL(keysUrl!));
  const bodies: Record<string, () => unknown> = {
    ...keysPath !== undefined && { [keysPath]: readKeys },
    [pathname + search]: jwks === undefined ? () => document : async () => ({ ...document, jwks: await readKeys() }),
  };
  return async (request) => {
    const path = toPath(new URL(request.url));
    const read = Object.hasOwn(bodies, path) ? bodies[path] : undefined;
    if (!read) return refuse(404);
    if (!/^(GET|HEAD)$/.test(request.method)) return refuse(405, { allow: "GET, HEAD" });
    return await answer(request, JSON.stringify(await read()), Math.floor(maxAge / 1_000));
  };
}

const toPath = ({ pathname, search }: URL): string => pathname + search;

/** Answers with JSON, or that it hasn't changed (RFC 9110 §13.1.2). */
async function answer(request: Request, json: string, seconds: number): Promise<Response> {
  const body = new TextEncoder().encode(json);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  const etag = `"${encodeBase64Url(digest.subarray(0, 16))}"`;
  const headers = {
    "access-control-allow-origin": "*",
    "cache-control": `max-age=${seconds}`,
    "content-type": "application/json",
    etag,
  };
  const seen = request.headers.get("if-none-match")?.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (seen?.some((tag) => tag === etag || tag === "*")) return new Response(null, { status: 304, headers });
  if (request.method === "HEAD") {
    return new Response(null, { headers: { ...headers, "content-length": String(body.length) } });
  }
  return new Response(body, { headers });
}

/** Errors aren't cached (§5.2). */
function refuse(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, {
    status,
    headers: { "access-control-allow-origin": "*", "cache-control": "no-store", ...headers },
  });
}
