/**
 * The access token an authorization server gave.
 *
 * @module
 */

import { printAsJson } from "./printing.ts";

/** What {@linkcode Credentials} are made of. */
export interface CredentialsInit {
  /** The access token itself. */
  accessToken: string;
  /** How the token is presented (RFC 6749 §7.1). Default: `"Bearer"`. */
  tokenType?: string | undefined;
  /** When the token expires, in milliseconds since the epoch. Default: unknown. */
  expiresAt?: number | undefined;
  /** The scope granted, space-separated (RFC 6749 §3.3). Default: unknown, which means as requested. */
  scope?: string | undefined;
  /** A refresh token, should the server have given one. */
  refreshToken?: string | undefined;
  /** The other members of the server's answer. Default: none. */
  response?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * An access token and what is known of it (flytekit's `Credentials`).
 *
 * The tokens and the `response` are there to be read, and nowhere else: `console.log`, `Deno.inspect`, `JSON.stringify`,
 * spreading and cloning all leave them out.
 *
 * @example
 * ```ts
 * import { Credentials } from "@m2m/authenticator";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const credentials = new Credentials({ accessToken: "eyJhbGciOi", expiresAt: Date.now() + 3_600_000 });
 * assertEquals(credentials.accessToken, "eyJhbGciOi");
 * assertEquals(credentials.tokenType, "Bearer");
 * assert(!JSON.stringify(credentials).includes("eyJhbGciOi"));
 * ```
 */
export class Credentials {
  // No printer, serializer or copy reads private fields, except browsers' consoles: so they hold functions.
  readonly #accessToken: () => string;
  readonly #refreshToken: (() => string) | undefined;
  readonly #response: () => Readonly<Record<string, unknown>>;
  /** How the token is presented (RFC 6749 §7.1), such as `"Bearer"` or `"DPoP"`. */
  readonly tokenType: string;
  /** When the token expires, in milliseconds since the epoch; absent where neither the server nor the token, a JWT, says. */
  declare readonly expiresAt?: number;
  /** The scope granted, space-separated; absent where the server didn't say (RFC 6749 §5.1: as requested). */
  declare readonly scope?: string;

  /**
   * Holds a token.
   *
   * @param init The token and what is known of it.
   * @throws {TypeError} If the token or its type has characters that no header may carry; it isn't shown.
   */
  constructor(init: CredentialsInit) {
    const { accessToken, tokenType = "Bearer", refreshToken, response } = init;
    if (!presentable.test(accessToken) || !/^[\w-]+$/.test(tokenType)) {
      throw new TypeError(
        "accessToken must be made of visible ASCII characters (RFC 6749 A.12), tokenType of letters.",
      );
    }
    if (init.expiresAt !== undefined && !(typeof init.expiresAt === "number" && init.expiresAt >= 0)) {
      throw new TypeError("expiresAt must be a number: milliseconds since the epoch.");
    }
    this.#accessToken = () => accessToken;
    this.#refreshToken = refreshToken === undefined ? undefined : () => refreshToken;
    this.#response = () => response ?? noMembers;
    this.tokenType = tokenType;
    if (init.expiresAt !== undefined) this.expiresAt = init.expiresAt;
    if (init.scope !== undefined) this.scope = init.scope;
  }

  /** The access token. */
  get accessToken(): string {
    return this.#accessToken();
  }

  /** The refresh token, where the server gave one (which it shouldn't for this grant, RFC 6749 §4.4.3). */
  get refreshToken(): string | undefined {
    return this.#refreshToken?.();
  }

  /**
   * The other members of the server's answer, such as `instance_url`, `id_token`, `issued_token_type` or
   * `authorization_details`; frozen where a token endpoint gave them. An empty object where there are none.
   */
  get response(): Readonly<Record<string, unknown>> {
    return this.#response();
  }

  static {
    printAsJson(this.prototype);
  }

  /**
   * What may be shown: everything but the tokens.
   *
   * @returns An object without secrets.
   */
  toJSON(): Record<string, unknown> {
    return {
      accessToken: redacted,
      tokenType: this.tokenType,
      expiresAt: this.expiresAt,
      scope: this.scope,
      refreshToken: this.#refreshToken && redacted,
      ...Object.keys(this.response).length > 0 && { response: redacted },
    };
  }
}

const redacted = "[redacted]";
const noMembers = Object.freeze({});

/**
 * The characters of tokens (RFC 6749 A.12). Others would split the header, and on some runtimes the error for them would
 * quote the token.
 */
const presentable = /^[!-~]+$/;
