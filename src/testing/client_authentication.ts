/**
 * How a test authorization server authenticates clients (RFC 6749 §2.3, RFC 7523 §3).
 *
 * @module
 */

import { decodeBase64 } from "@std/encoding/base64";
import { readClaims } from "../jwt/read_jwt.ts";
import { dropOldest } from "./drop_oldest.ts";
import { verifyAssertion } from "./json_web_tokens.ts";
import { OAuthError } from "./oauth_error.ts";
import type { RecordedRequest } from "./recorded_request.ts";
import type { TestClock } from "./test_clock.ts";
import { jwtBearer } from "./token_requests.ts";

/** A client that a test authorization server knows. */
export interface TestClient {
  /** Its identifier. */
  readonly clientId: string;
  /** Its secret, or those that it may use while one replaces another. Default: none. */
  readonly clientSecret?: string | readonly string[] | undefined;
  /** Its public keys, for `private_key_jwt` and ready assertions. Default: none. */
  readonly jwks?: readonly JsonWebKey[] | undefined;
  /** The one method it may use, such as `client_secret_post`. Default: each for which it has a secret or a key. */
  readonly authMethod?: string | undefined;
  /** The scopes it may have. Default: all that the server knows. */
  readonly scopes?: readonly string[] | undefined;
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Authenticates the clients of one server. */
export class ClientAuthentication {
  readonly #audience: string[];
  readonly #clock: TestClock;
  readonly #clients = new Map<string, TestClient>();
  readonly #usedAssertions = new Set<string>();

  constructor(clients: readonly TestClient[], audience: readonly string[], clock: TestClock) {
    this.#audience = [...audience];
    this.#clock = clock;
    for (const client of clients) this.register(client);
  }

  /** Adds a client, or replaces the one with its identifier. */
  register(client: TestClient): void {
    this.#clients.set(client.clientId, client);
  }

  /** Authenticates a request's client. */
  async authenticate({ headers, form }: RecordedRequest): Promise<TestClient> {
    const basic = headers.get("authorization");
    const [secret, assertion] = ["client_secret", "client_assertion"].map((name) => form.get(name));
    const ways = [basic, secret, assertion].filter((each) => each !== null);
    if (ways.length > 1) throw new OAuthError("invalid_request", "The client authenticates by more than one method");
    if (basic !== null) return this.#findBySecret("client_secret_basic", readBasic(basic));
    if (assertion) return await this.#findByAssertion(assertion, form.get("client_assertion_type"));
    const id = form.get("client_id") ?? "";
    // RFC 7521 §4.1: an assertion may stand for itself.
    if (secret === null && id === "" && form.get("grant_type") === jwtBearer) return { clientId: "" };
    return secret === null ? this.#findPublic(id) : this.#findBySecret("client_secret_post", [[id, secret!]]);
  }

  #findBySecret(method: string, pairs: readonly (readonly [id: string, secret: string])[]): TestClient {
    for (const [id, secret] of pairs) {
      const client = this.#clients.get(id);
      if (client && listSecrets(client).includes(secret)) return allow(client, method);
    }
    throw new OAuthError("invalid_client", "The client is unknown, or its secret is another");
  }

  #findPublic(id: string): TestClient {
    const client = this.#clients.get(id);
    const mayBePublic = client && (client.authMethod ? client.authMethod === "none" : isPublic(client));
    if (!mayBePublic) throw new OAuthError("invalid_client", "The client is unknown, or must authenticate");
    return client;
  }

  async #findByAssertion(assertion: string, type: string | null): Promise<TestClient> {
    if (type !== assertionType) throw new OAuthError("invalid_request", "client_assertion_type is another");
    const client = this.#clients.get(String(readClaims(assertion)["sub"]));
    if (!client) throw new OAuthError("invalid_client", "The assertion's sub is no known client");
    const { claims: { jti }, isBySecret } = await this.#verify(assertion, client);
    if (jti !== undefined && this.#usedAssertions.has(jti)) {
      throw new OAuthError("invalid_client", "The assertion was used already");
    }
    if (jti !== undefined) this.#usedAssertions.add(jti);
    dropOldest(this.#usedAssertions);
    return allow(client, isBySecret ? "client_secret_jwt" : "private_key_jwt");
  }

  async #verify(assertion: string, client: TestClient) {
    const { clientId, jwks } = client;
    const currentDate = new Date(this.#clock.wall());
    const rules = { issuer: clientId, subject: clientId, audience: this.#audience, currentDate };
    try {
      return await verifyAssertion(assertion, { secrets: listSecrets(client), jwks }, rules);
    } catch (error) {
      throw new OAuthError("invalid_client", `The assertion is invalid: ${(error as Error).message}`);
    }
  }
}

function listSecrets({ clientSecret = [] }: TestClient): readonly string[] {
  return [clientSecret].flat();
}

function isPublic({ clientSecret, jwks }: TestClient): boolean {
  return clientSecret === undefined && jwks === undefined;
}

function allow(client: TestClient, method: string): TestClient {
  const { authMethod = method } = client;
  if (authMethod === method) return client;
  throw new OAuthError("invalid_client", `The client must authenticate by ${authMethod}, and did by ${method}`);
}

/** Id and secret, decoded as RFC 6749 §2.3.1 says, and as they are: servers in the field take either. */
function readBasic(header: string): (readonly [id: string, secret: string])[] {
  try {
    const text = new TextDecoder().decode(decodeBase64(/^Basic +(\S+)$/i.exec(header)?.[1] ?? ""));
    const [, ...pair] = /^([^:]*):([^]*)$/.exec(text) ?? [];
    const raw = pair as unknown as [string, string];
    return pair.length === 0 ? [] : [raw.map(formDecode) as unknown as [string, string], raw];
  } catch {
    return [];
  }
}

function formDecode(text: string): string {
  return new URLSearchParams(`value=${text.replaceAll("&", "%26")}`).get("value")!;
}
