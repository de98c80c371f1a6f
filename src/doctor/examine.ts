/**
 * Makes what the steps of a diagnosis work with.
 *
 * @module
 */

import { chooseTransport } from "../authenticator_options.ts";
import { ClientCredentialsAuthenticator, type ClientCredentialsAuthenticatorOptions } from "../client_credentials.ts";
import { systemClock } from "../clock.ts";
import { StaticClientConfigStore } from "../config_store/static.ts";
import { type Fetch, globalFetch } from "../http/fetch.ts";
import { withDeadline } from "../refresh/deadlines.ts";
import { redactSecrets } from "../token_endpoint/request.ts";
import type { Transport } from "../transport/transport.ts";
import type { DiagnoseOptions } from "./diagnosis.ts";
import type { Examination, Exchange, Facts, TokenAttempt } from "./examination.ts";
import { record } from "./recording.ts";

/** Shorter ones would stand in harmless words. */
const shortestRedacted = 8;

/** An examination under way. */
export class OpenExamination implements Examination {
  readonly options: DiagnoseOptions;
  readonly signal: AbortSignal;
  readonly stepTimeout: number;
  readonly host: Examination["host"];
  readonly fetch: Fetch;
  readonly facts: Facts = {
    reached: new Map(),
    unreachable: new Set(),
    settingsUrls: [],
    settingsAnswers: [],
    apiAnswers: [],
  };
  readonly #transport: Transport | undefined;
  readonly #secrets = new Set<string>();
  readonly #ending = new AbortController();
  readonly #maxTokenRequests: number;
  #tokenRequests = 0;
  readonly #end = () => this.#ending.abort(this.options.signal?.reason);

  constructor(options: DiagnoseOptions) {
    const { maxTokenRequests = 6, stepTimeout = 5_000, clientSecret, clientCertificate, signal } = options;
    this.options = options;
    // What isn't a number is said by the first step.
    this.stepTimeout = stepTimeout >= 1 && stepTimeout < 2 ** 31 ? stepTimeout : 5_000;
    this.#maxTokenRequests = maxTokenRequests >= 0 ? maxTokenRequests : 6;
    this.signal = this.#ending.signal;
    signal?.addEventListener("abort", this.#end, { once: true });
    this.host = readHost();
    try {
      this.#transport = chooseTransport(options);
    } catch {
      // The same error as the constructor's: the first step says it.
    }
    this.fetch = typeof options.fetch === "function" ? options.fetch : this.#transport?.fetch ?? globalFetch;
    for (const secret of [clientSecret, clientCertificate?.key, readPassword(options.httpProxyUrl)]) {
      if (typeof secret === "string") this.addSecret(secret);
    }
  }

  get tokenRequests(): number {
    return this.#tokenRequests;
  }

  get tokenRequestsLeft(): number {
    return this.#maxTokenRequests - this.#tokenRequests;
  }

  // Bound: steps hand them on.
  readonly nameOption = (option: string): string => this.options.optionNames?.[option] ?? option;

  readonly addSecret = (secret: string): void => {
    if (secret.trim() !== "") this.#secrets.add(secret);
  };

  readonly redact = (text: string): string => {
    const { search = "" } = readUrl(this.facts.settings?.tokenEndpoint) ?? {};
    // What isn't ASCII becomes a blank.
    return redactSecrets(text.replaceAll("§", "section "), String(this.options.clientId), [...this.#secrets], search);
  };

  /** Replaces secrets in a text of our own, however long: none should be there. */
  redactOwn(text: string): string {
    for (const secret of this.#secrets) {
      for (const form of [secret, secret.trim()]) {
        if (form.length >= shortestRedacted) text = text.replaceAll(form, "[redacted]");
      }
    }
    return text;
  }

  readonly send = async (url: string | URL, init: RequestInit = {}): Promise<Exchange> => {
    const recording = this.#record(this.fetch);
    // A transport of the caller's may ignore the signal.
    return await withDeadline({ timeout: this.stepTimeout, signal: this.signal }, async (signal) => {
      const response = await recording.fetch(String(url), { redirect: "manual", ...init, signal });
      await recording.settled();
      void response.body?.cancel().catch(() => {});
      return recording.exchanges[0]!;
    });
  };

  readonly requestToken: Examination["requestToken"] = async (changes = {}): Promise<TokenAttempt> => {
    const newSpentError = () => new RangeError("Cannot request another token: maxTokenRequests have been sent.");
    if (this.tokenRequestsLeft <= 0) throw newSpentError();
    const options = mergeChanges(this.options, changes);
    const transport = transportOptions.some((name) => name in changes) ? chooseTransport(options) : undefined;
    const { settings } = this.facts;
    let isSpent = false;
    const recording = this.#record(changes.fetch ?? transport?.fetch ?? this.fetch, () => {
      isSpent = this.tokenRequestsLeft <= 0;
      if (isSpent) throw newSpentError();
      this.#tokenRequests++;
    });
    const authenticator = new ClientCredentialsAuthenticator({
      ...options,
      // The settings are known, and a store that asks a server would do so again.
      ...settings && !changes.configStore && { configStore: new StaticClientConfigStore(settings) },
      ...{ httpProxyUrl: undefined, verify: undefined, clientCertificate: undefined, fetch: recording.fetch },
      ...{ tokenStore: undefined, revocation: undefined, onEvent: undefined, waitUntil: undefined },
      cooldown: 0,
      retry: { maxAttempts: 1 },
      // By default the authenticator's own: a slow server isn't a broken one.
      timeout: Math.min(options.timeout ?? 10_000, 2 * this.stepTimeout),
    });
    try {
      const credentials = await authenticator.getCredentials({ signal: this.signal });
      await recording.settled();
      this.addSecret(credentials.accessToken);
      return { credentials, exchanges: recording.exchanges };
    } catch (error) {
      this.signal.throwIfAborted();
      if (isSpent) throw newSpentError();
      await recording.settled();
      return { error: error as Error, exchanges: recording.exchanges };
    } finally {
      await transport?.close();
    }
  };

  async close(): Promise<void> {
    this.options.signal?.removeEventListener("abort", this.#end);
    this.#ending.abort();
    await this.#transport?.close();
  }

  #record(fetch: Fetch, onRequest?: () => void) {
    const { clock = systemClock } = this.options;
    return record({ fetch, clock, onSecret: this.addSecret, ...onRequest && { onRequest } });
  }
}

const transportOptions = ["fetch", "httpProxyUrl", "verify", "clientCertificate"];

/** Another client authentication takes the place of the secret, and the other way round. */
function mergeChanges(
  options: DiagnoseOptions,
  changes: Partial<ClientCredentialsAuthenticatorOptions>,
): ClientCredentialsAuthenticatorOptions {
  return {
    ...options,
    ...changes.clientAuth && { clientSecret: undefined, basicEncoding: undefined },
    ...changes.clientSecret && { clientAuth: undefined },
    ...changes,
  };
}

function readHost(): Examination["host"] {
  const name = globalThis.navigator?.userAgent?.split("/")[0] ?? "";
  return ({ "Deno": "deno", "Bun": "bun", "Node.js": "node" } as const)[name] ?? "other";
}

function readPassword(proxy: unknown): string | undefined {
  const { password = "" } = typeof proxy === "string" && readUrl(proxy) || {};
  return password;
}

function readUrl(url: string | URL | undefined): URL | undefined {
  return url !== undefined && URL.canParse(String(url)) ? new URL(url) : undefined;
}
