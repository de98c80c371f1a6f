/**
 * The test authorization server.
 *
 * @module
 */

import { checkDuration } from "../arguments.ts";
import { answerJson } from "./behaviours.ts";
import { ClientAuthentication, type TestClient } from "./client_authentication.ts";
import { type IssuedTokens, toSeconds } from "./issued_tokens.ts";
import type { KeySet } from "./json_web_tokens.ts";
import { OAuthError } from "./oauth_error.ts";
import { Proofs } from "./proofs.ts";
import type { RecordedRequest, Recording } from "./recorded_request.ts";
import { ScriptedServer, type TestServer } from "./scripted_server.ts";
import type { TestClock } from "./test_clock.ts";
import { describeServer } from "./server_metadata.ts";
import { assertionTypes, decideGrant, type GrantRules, readIssuedType, signGrant } from "./token_requests.ts";

/** The test authorization server: a `fetch` handler that issues tokens, and does as it is told. */
export interface TestAuthorizationServer extends TestServer {
  /** The issuer identifier, where its metadata is found (RFC 8414, OpenID Connect). */
  readonly issuer: string;
  /** The URL of the token endpoint. */
  readonly tokenEndpoint: string;
  /** The URL of the revocation endpoint (RFC 7009). */
  readonly revocationEndpoint: string;
  /** The URL of the introspection endpoint (RFC 7662). */
  readonly introspectionEndpoint: string;
  /** Those of `requests` that came to the token endpoint. */
  readonly tokenRequests: readonly RecordedRequest[];
  /** How long the next tokens live, in milliseconds; `expires_in` is this in whole seconds, rounded down. */
  lifetime: number;
  /**
   * Adds a client, or replaces the one that has its identifier: with another secret, say.
   *
   * @param client The client.
   */
  register(client: TestClient): void;
  /**
   * Expires tokens for the API at once, whatever their client believes.
   *
   * @param token The access token. Default: all that were issued.
   */
  expire(token?: string): void;
  /**
   * Revokes tokens.
   *
   * @param token The access token. Default: all that were issued.
   */
  revoke(token?: string): void;
  /**
   * Grants these scopes and no others, whatever is requested (RFC 6749 §3.3).
   *
   * @param scopes The scopes; `undefined` lifts it.
   */
  narrow(scopes: readonly string[] | undefined): void;
  /** Takes another key to sign JWTs; tokens that were signed by the one before are rejected. */
  rotateKeys(): void;
  /** Takes another DPoP nonce; proofs with the one before are refused with the new one. */
  rotateNonce(): void;
}

/** What the server is made of. */
export interface AuthorizationServerParts extends Omit<GrantRules, "ownNames"> {
  readonly issuer: string;
  readonly clients: readonly TestClient[];
  readonly lifetime: number;
  readonly keys: KeySet;
  readonly tokens: IssuedTokens;
  readonly clock: TestClock;
  /** Whether proofs must have a nonce, and whether each request must have a proof. */
  readonly wantsNonce: boolean;
  readonly wantsProof: boolean;
  readonly maxRequests: number | undefined;
}

/** Answers at the paths of an authorization server. */
export class AuthorizationServer extends ScriptedServer implements TestAuthorizationServer {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string;
  readonly introspectionEndpoint: string;
  readonly #parts: AuthorizationServerParts;
  readonly #rules: GrantRules;
  readonly #clients: ClientAuthentication;
  readonly #proofs: Proofs;
  readonly #routes: Readonly<Record<string, (request: Recording) => unknown>>;
  #lifetime: number;
  #narrowed: readonly string[] | undefined;

  constructor(parts: AuthorizationServerParts) {
    super(parts.maxRequests);
    const { issuer, clock } = parts;
    const at = (path: string) => `${issuer.replace(/\/$/, "")}/oauth/${path}`;
    const [token, revoke, introspect, keys] = ["token", "revoke", "introspect", "jwks"].map(at) as [
      string,
      string,
      string,
      string,
    ];
    const { pathname } = new URL(issuer);
    const below = pathname === "/" ? "" : pathname.replace(/\/$/, "");
    this.issuer = issuer;
    this.tokenEndpoint = token;
    this.revocationEndpoint = revoke;
    this.introspectionEndpoint = introspect;
    this.#parts = parts;
    this.#lifetime = parts.lifetime;
    this.#rules = { ...parts, ownNames: [issuer, token] };
    this.#clients = new ClientAuthentication(parts.clients, [issuer, token], clock);
    this.#proofs = new Proofs(clock, parts.wantsNonce ? "server" : undefined);
    const publish = () => describeServer(this, { jwksUri: keys, scopes: parts.scopes });
    this.#routes = {
      [new URL(token).pathname]: (request) => this.#issue(request),
      [new URL(revoke).pathname]: (request) => this.#revoke(request),
      [new URL(introspect).pathname]: (request) => this.#introspect(request),
      [new URL(keys).pathname]: () => parts.keys.publish(),
      [`/.well-known/oauth-authorization-server${below}`]: publish,
      [`/.well-known/openid-configuration${below}`]: publish,
      [`${below}/.well-known/openid-configuration`]: publish,
    };
  }

  get tokenRequests(): readonly Recording[] {
    const { pathname } = new URL(this.tokenEndpoint);
    return this.requests.filter(({ path }) => path === pathname);
  }

  get lifetime(): number {
    return this.#lifetime;
  }

  set lifetime(ms: number) {
    checkDuration("lifetime", ms);
    this.#lifetime = ms;
  }

  register(client: TestClient): void {
    this.#clients.register(client);
  }

  expire(token?: string): void {
    this.#parts.tokens.end("expired", token);
  }

  revoke(token?: string): void {
    this.#parts.tokens.end("revoked", token);
  }

  narrow(scopes: readonly string[] | undefined): void {
    this.#narrowed = scopes;
  }

  rotateKeys(): void {
    this.#parts.keys.rotate();
  }

  rotateNonce(): void {
    this.#proofs.rotate();
  }

  override reset(): void {
    super.reset();
    this.#narrowed = undefined;
    this.#lifetime = this.#parts.lifetime;
  }

  /** Whether a path is this server's, where it shares an origin with an API. */
  isOwn(path: string): boolean {
    return Object.hasOwn(this.#routes, path);
  }

  protected override isScripted(path: string): boolean {
    return path === new URL(this.tokenEndpoint).pathname;
  }

  protected override async answer(request: Recording): Promise<Response> {
    const route = this.#routes[request.path];
    if (!route) return answerJson({ error: "not_found" }, { status: 404 });
    try {
      return answerJson(await route(request), { headers: request.headers.has("dpop") ? this.#proofs.headers : {} });
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      const challenge: Record<string, string> = error.status === 401
        ? { "www-authenticate": 'Basic realm="test"' }
        : {};
      const headers = { ...challenge, ...error.error === "use_dpop_nonce" && this.#proofs.headers };
      return answerJson({ error: error.error, error_description: error.message }, { status: error.status, headers });
    }
  }

  async #issue(request: Recording): Promise<object> {
    const client = await this.#authenticate(request);
    const jkt = await this.#readProof(request);
    const { form } = request;
    const decided = await decideGrant(form, client, this.#rules);
    const granted = { ...decided, scopes: this.#narrowed ?? decided.scopes, jkt };
    const issuedType = readIssuedType(form);
    const typ = assertionTypes.get(issuedType ?? "");
    const { accessToken } = typ
      ? await signGrant(form, granted, { ...this.#parts, lifetime: this.#lifetime, typ })
      : await this.#parts.tokens.issue(granted, this.#lifetime);
    return {
      access_token: accessToken,
      token_type: typ ? "N_A" : jkt === undefined ? "Bearer" : "DPoP",
      expires_in: toSeconds(this.#lifetime),
      ...granted.scopes.length > 0 && { scope: granted.scopes.join(" ") },
      ...issuedType && { issued_token_type: issuedType },
    };
  }

  async #authenticate(request: Recording): Promise<TestClient> {
    if (request.method !== "POST") throw new OAuthError("invalid_request", "The method must be POST", 405);
    return await this.#clients.authenticate(request);
  }

  async #readProof(request: Recording): Promise<string | undefined> {
    if (!request.headers.has("dpop") && !this.#parts.wantsProof) return undefined;
    const proof = await this.#proofs.check(request);
    if (proof.error) throw new OAuthError(proof.error, proof.fault);
    return proof.jkt;
  }

  async #revoke(request: Recording): Promise<object> {
    const { clientId } = await this.#authenticate(request);
    const token = this.#parts.tokens.find(request.form.get("token") ?? "");
    // RFC 7009 §2.1: another client's token isn't revoked; §2.2: an unknown one is no error.
    if (typeof token === "object" && token.clientId === clientId) this.revoke(token.accessToken);
    return {};
  }

  async #introspect(request: Recording): Promise<object> {
    await this.#authenticate(request);
    const token = this.#parts.tokens.find(request.form.get("token") ?? "");
    if (typeof token !== "object") return { active: false };
    const { clientId, subject, scopes, audience, expiresAt, issuedAt, jkt } = token;
    const named = { iss: this.issuer, client_id: clientId, sub: subject, aud: audience, scope: scopes.join(" ") };
    return {
      active: true,
      token_type: jkt ? "DPoP" : "Bearer",
      ...named,
      iat: toSeconds(issuedAt),
      exp: toSeconds(expiresAt),
      ...jkt && { cnf: { jkt } },
    };
  }
}
