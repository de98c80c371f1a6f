/**
 * The access tokens that a test authorization server has issued.
 *
 * @module
 */

import { dropOldest } from "./drop_oldest.ts";
import type { TestClock } from "./test_clock.ts";
import { type KeySet, signJwt } from "./json_web_tokens.ts";
import { printAsJson } from "../printing.ts";

/** What a token was issued for. */
export interface TokenGrant {
  /** The client's identifier; empty where an assertion alone was presented. */
  readonly clientId: string;
  /** On whose behalf, by an assertion or a token that was exchanged; else the client itself. */
  readonly subject: string;
  /** The scopes granted. */
  readonly scopes: readonly string[];
  /** The APIs that it is for; empty where the request named none. */
  readonly audience: readonly string[];
  /** The thumbprint of the key that it is bound to (DPoP, RFC 9449 §6.1). */
  readonly jkt?: string | undefined;
  /** Who acts for the subject, where a token exchange said it (RFC 8693 §4.1). */
  readonly actor?: string | undefined;
}

/** An access token as a test authorization server has issued it. Printers don't show the token itself. */
export interface TestToken extends TokenGrant {
  /** The token itself. */
  readonly accessToken: string;
  /** When it was issued, in milliseconds since the epoch. */
  readonly issuedAt: number;
  /** When it expires, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What tokens are made by. */
export interface TokenFormat {
  readonly issuer: string;
  readonly clock: TestClock;
  /** Signs JWTs (RFC 9068); without it tokens are opaque. */
  readonly keys?: KeySet | undefined;
}

/** Why a token isn't accepted. */
export type TokenFault = "unknown" | "expired" | "revoked" | "signed by a key that isn't published any more";

/** Whole seconds, as they are on the wire. */
export function toSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}

/** Issues tokens, and knows what has become of them. */
export class IssuedTokens {
  readonly #format: TokenFormat;
  #count = 0;
  #issued = new Map<string, IssuedToken>();

  constructor(format: TokenFormat) {
    this.#format = format;
  }

  /** Issues a token for so many milliseconds. */
  async issue(grant: TokenGrant, lifetime: number): Promise<TestToken> {
    const { issuer, clock, keys } = this.#format;
    const issuedAt = clock.wall();
    // Before anything is awaited: keys may be rotated meanwhile.
    const kid = keys?.kid;
    const id = `test-token-${++this.#count}`;
    const { clientId, subject, scopes, audience, jkt, actor } = grant;
    const accessToken = keys
      ? await signJwt(keys, {
        ...{
          iss: issuer,
          sub: subject,
          client_id: clientId,
          jti: id,
          iat: toSeconds(issuedAt),
          exp: toSeconds(issuedAt + lifetime),
        },
        aud: audience.length === 1 ? audience[0]! : [...audience],
        ...scopes.length > 0 && { scope: scopes.join(" ") },
        ...jkt !== undefined && { cnf: { jkt } },
        ...actor !== undefined && { act: { sub: actor } },
      })
      : id;
    const token = new IssuedToken(accessToken, { ...grant, issuedAt, expiresAt: issuedAt + lifetime }, kid);
    this.#issued.set(accessToken, token);
    dropOldest(this.#issued);
    return token;
  }

  /** Finds a token that is accepted, or says why it isn't. */
  find(accessToken: string): TestToken | TokenFault {
    const token = this.#issued.get(accessToken);
    if (!token) return "unknown";
    if (token.end) return token.end;
    if (this.#format.clock.wall() >= token.expiresAt) return "expired";
    return token.kid === this.#format.keys?.kid ? token : "signed by a key that isn't published any more";
  }

  /** Ends a token, or without one all that were issued. Returns whether there was one. */
  end(how: "expired" | "revoked", accessToken?: string): boolean {
    const tokens = accessToken === undefined ? [...this.#issued.values()] : [this.#issued.get(accessToken)];
    for (const token of tokens) if (token) token.end ??= how;
    return tokens.some(Boolean);
  }

  /** Forgets all tokens; their numbers begin again. */
  reset(): void {
    this.#issued.clear();
    this.#count = 0;
  }
}

class IssuedToken implements TestToken {
  declare readonly clientId: string;
  declare readonly subject: string;
  declare readonly scopes: readonly string[];
  declare readonly audience: readonly string[];
  declare readonly issuedAt: number;
  declare readonly expiresAt: number;
  end: "expired" | "revoked" | undefined;
  readonly kid: string | undefined;
  readonly #accessToken: string;
  readonly #shown: object;

  constructor(accessToken: string, shown: Omit<TestToken, "accessToken">, kid: string | undefined) {
    printAsJson(IssuedToken.prototype);
    Object.assign(this, shown);
    this.#accessToken = accessToken;
    this.#shown = shown;
    this.kid = kid;
  }

  get accessToken(): string {
    return this.#accessToken;
  }

  toJSON(): object {
    return { accessToken: "[redacted]", ...this.#shown };
  }
}
