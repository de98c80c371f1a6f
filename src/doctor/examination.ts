/**
 * What the steps of a diagnosis share: the options, ways to send requests, and what was found so far.
 *
 * @module
 */

import type { ClientCredentialsAuthenticatorOptions } from "../client_credentials.ts";
import type { ClientConfig } from "../config_store/client_config_store.ts";
import type { Credentials } from "../credentials.ts";
import type { AuthorizationServerMetadata } from "../discovery/authorization_server_metadata.ts";
import type { AuthenticationError } from "../errors.ts";
import type { Fetch } from "../http/fetch.ts";
import type { Check, DiagnoseOptions } from "./diagnosis.ts";

/** A check without its duration, which the runner adds. */
export type Finding = Omit<Check, "duration">;

/**
 * What a step can't do without: settings; a token endpoint that can be reached, and is worth a token request; a token; an
 * API that can be reached.
 */
export type Need = "settings" | "token endpoint" | "token request" | "token" | "API";

/** One step: looks at one thing, and reports what it found. */
export interface Step {
  /** Shown while it runs. */
  readonly name: string;
  /** What it can't do without: the runner skips it otherwise, and says why. @default {none} */
  readonly needs?: readonly Need[] | undefined;
  /** How many times `stepTimeout` it may take. @default {1} */
  readonly patience?: number | undefined;
  /** Reports findings as it goes. What it throws (but an abort) becomes a warned check; a step times out by itself. */
  run(examination: Examination): Promise<readonly Finding[]> | readonly Finding[];
}

/** A request that was sent, and its answer. Never printed as it is. */
export interface Exchange {
  readonly url: URL;
  readonly method: string;
  readonly status: number;
  readonly headers: Headers;
  /** The first 64 KiB of the answer. */
  readonly text: string;
  /** How long the answer took, in milliseconds; when it came, by this machine's clock. */
  readonly duration: number;
  readonly receivedAt: number;
}

/** The answer to a request without credentials, or why none came. */
export type Reach = { readonly answer: Exchange; readonly error?: never } | {
  readonly answer?: never;
  readonly error: Error;
};

/** What a token request with credentials came to. */
export interface TokenAttempt {
  readonly credentials?: Credentials | undefined;
  readonly error?: AuthenticationError | Error | undefined;
  /** The token endpoint's answers to this attempt, the last one last; none where no answer came. */
  readonly exchanges: readonly Exchange[];
}

/** What is known so far. Steps add to it. */
export interface Facts {
  /** The settings, once the config store has given them. */
  settings?: ClientConfig;
  /** The server's metadata (RFC 8414, OpenID Connect), where some was found. */
  metadata?: AuthorizationServerMetadata;
  /** What came of a request without credentials, by origin: one is sent for all steps. */
  readonly reached: Map<string, Promise<Reach>>;
  /** Origins that can't be reached: nothing more is sent there. */
  readonly unreachable: Set<string>;
  /** The URLs that the config store asked, and their answers. */
  readonly settingsUrls: URL[];
  readonly settingsAnswers: Exchange[];
  /** Why no token request with credentials is of use, as a sentence for the steps that are skipped. */
  noTokenRequest?: string;
  /** How far this machine's clock is ahead of the server's, in milliseconds; negative: behind. By `Date`, so ±1 s. */
  clockOffset?: number;
  /** The attempt that got a token, and the token itself. */
  issued?: TokenAttempt & { readonly credentials: Credentials };
  /** The options that worked in the end, where others than those given did. */
  working?: Partial<ClientCredentialsAuthenticatorOptions>;
  /** The API's answers, the last one last. */
  readonly apiAnswers: Exchange[];
  /** Whether the API accepts the token, and not a request without it. */
  isTokenAccepted?: boolean;
}

/** What a step works with. */
export interface Examination {
  readonly options: DiagnoseOptions;
  /** Aborted when the diagnosis ends. */
  readonly signal: AbortSignal;
  /** How long a step may take, in milliseconds. */
  readonly stepTimeout: number;
  readonly host: "deno" | "bun" | "node" | "other";
  readonly facts: Facts;
  /** The name of an option in advice, as `optionNames` has it: `nameOption("clientSecret")`. */
  nameOption(option: string): string;
  /** Redacts all known secrets and tokens, in all usual encodings, cuts to 300 printable characters. */
  redact(text: string): string;
  /** Names a value to redact from now on. */
  addSecret(secret: string): void;
  /** Sends a request without credentials by the options' transport, with the step's timeout; redirects aren't followed. */
  send(url: string | URL, init?: RequestInit): Promise<Exchange>;
  /** The options' own transport or `fetch`. */
  readonly fetch: Fetch;
  /** How many token requests with credentials may still be sent. */
  readonly tokenRequestsLeft: number;
  /**
   * Requests a token as the authenticator would, with these options changed; one attempt, no retry, no cache. Counts.
   * Once none is left: throws a `RangeError`.
   */
  requestToken(changes?: Partial<ClientCredentialsAuthenticatorOptions>): Promise<TokenAttempt>;
}
