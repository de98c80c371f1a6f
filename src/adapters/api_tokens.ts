/**
 * What adapters share: where the token may go, which header carries it, and what a rejection leads to.
 *
 * @module
 */

import type { CallerHeader } from "../api_call/headers.ts";
import { rejectsToken } from "../api_call/rejection.ts";
import { checkCallerHeader, checkFunction, checkUrl, throwInvalid } from "../arguments.ts";
import type { Authenticator } from "../authenticator.ts";
import { checkOrigins, type Explanation } from "../authenticator_options.ts";
import type { Credentials } from "../credentials.ts";
import { throwIfBound } from "./bound_tokens.ts";

/** What adapters need of an authenticator. */
export interface ApiAuthenticator extends Pick<Authenticator, "authorize" | "getCredentials" | "refreshCredentials"> {
  /**
   * Tells the API's URL, and the options that adapters heed as well.
   *
   * @returns An object with them.
   */
  explain(): Pick<Explanation, "endpoint" | "allowedOrigins" | "callerHeader">;
}

/** A value of a type of the client's own: these are wider, or narrower, from one version to the next. */
// deno-lint-ignore no-explicit-any
export type ClientValue = any;

/** The part of a response that tells whether the token is rejected. */
export interface ApiResponse {
  /** Its HTTP status. */
  readonly status: number;
  /** Its headers. */
  readonly headers: Pick<Headers, "get">;
}

/** Options that all adapters take. */
export interface AdapterOptions {
  /** Origins besides that of `endpoint` that get the token as well. Default: the authenticator's own. */
  allowedOrigins?: readonly (string | URL)[] | undefined;
  /** Which header is sent where the caller has set the token's: `keep` or `replace`. Default: the authenticator's own. */
  callerHeader?: CallerHeader | undefined;
  /**
   * Tells at once whether the API rejects the token by this response; the authenticator's own isn't called, for there is no
   * `Response`. Default: a 401 does, and a 403 whose challenge says `invalid_token` (RFC 6750 §3.1).
   */
  isRejected?: ((response: ApiResponse) => boolean) | undefined;
}

/** The header that carries a token. */
export interface TokenHeader {
  /** Its name, in lower case. */
  readonly name: string;
  readonly value: string;
  readonly credentials: Credentials;
}

/** How often a header is looked up while tokens change. */
const maxTries = 3;

/** The tokens for one API. */
export class ApiTokens {
  readonly #authenticator: ApiAuthenticator;
  readonly #replaces: boolean;
  readonly #origins: readonly string[];
  readonly #headers = new WeakMap<Credentials, TokenHeader>();
  readonly #isRejected: (response: ApiResponse) => boolean;
  #name = "";

  /**
   * Checks the options.
   *
   * @throws {TypeError} If one can't be used.
   */
  constructor(authenticator: ApiAuthenticator, options: AdapterOptions = {}) {
    const own = authenticator.explain();
    const { allowedOrigins = own.allowedOrigins, callerHeader = own.callerHeader } = options;
    const { isRejected = rejectsToken } = options;
    checkCallerHeader(callerHeader);
    checkFunction("isRejected", isRejected);
    this.#authenticator = authenticator;
    this.#replaces = callerHeader === "replace";
    this.#origins = [
      checkUrl("endpoint", own.endpoint).origin,
      ...checkOrigins(allowedOrigins) ?? [],
    ];
    this.#isRejected = isRejected;
  }

  /** Tells whether a response rejects the token, by its status and its headers. */
  isRejected(status: number, readHeader: (name: string) => unknown): boolean {
    const get = (name: string) => {
      const value = readHeader(name.toLowerCase()) ?? null;
      return value === null ? null : String(value);
    };
    const isRejected = this.#isRejected({ status, headers: { get } });
    if (typeof isRejected === "boolean") return isRejected;
    throwInvalid("isRejected", "a function that returns a boolean, and no promise", isRejected);
  }

  /** Tells whether the token may go to this URL. */
  isHome(url: string | URL): boolean {
    const { origin, protocol } = new URL(url);
    return /^https?:$/.test(protocol) && this.#origins.includes(origin);
  }

  /** Gets the header to send, or `undefined` where the caller's own stays. Before the first token its name is unknown. */
  async choose(has: (name: string) => boolean, signal?: AbortSignal): Promise<TokenHeader | undefined> {
    const isOwn = () => !this.#replaces && has(this.#name);
    if (this.#name && isOwn()) return undefined;
    const header = await this.#readHeader(await this.#authenticator.getCredentials({ signal }), signal);
    return isOwn() ? undefined : header;
  }

  /**
   * Gets the header to replay a call with whose token was rejected, or `undefined`: then the API's answer is the
   * caller's. Later calls are to have another token even where this one can't be replayed: that isn't waited for.
   *
   * @throws The signal's reason, once it is aborted.
   */
  async replace(sent: TokenHeader, canReplay: boolean, signal?: AbortSignal): Promise<TokenHeader | undefined> {
    const replacing = this.#replace(sent, signal);
    if (canReplay) return await replacing;
    replacing.catch(() => {});
    return undefined;
  }

  async #replace({ credentials, value }: TokenHeader, signal?: AbortSignal): Promise<TokenHeader | undefined> {
    try {
      const next = await this.#authenticator.refreshCredentials({ rejected: credentials, signal });
      const header = await this.#readHeader(next, signal);
      return header.value === value ? undefined : header;
    } catch {
      signal?.throwIfAborted();
      return undefined;
    }
  }

  /** The header of these credentials, or of newer ones. It is asked for once a token. */
  async #readHeader(known: Credentials, signal: AbortSignal | undefined): Promise<TokenHeader> {
    let credentials = known;
    for (let tries = 1;; tries++) {
      const header = this.#headers.get(credentials);
      if (header) return header;
      const [[name, value] = ["", ""]] = await this.#authenticator.authorize(new Headers(), { signal });
      const current = await this.#authenticator.getCredentials({ signal });
      if (current.accessToken === credentials.accessToken || tries === maxTries) {
        return this.#keep({ name, value, credentials: current });
      }
      // A token was issued meanwhile, and the header may be either's.
      credentials = current;
    }
  }

  #keep(header: TokenHeader): TokenHeader {
    throwIfBound(header.credentials, "send a sender-constrained token by this client");
    this.#name = header.name;
    this.#headers.set(header.credentials, header);
    return header;
  }
}

/** Tells whether a body can be sent a second time: a stream or iterator is gone. */
export function isReplayable(body: unknown): boolean {
  const given = Object(body);
  return !(typeof given.pipe === "function" || "getReader" in given || Symbol.asyncIterator in given ||
    typeof given.next === "function");
}
