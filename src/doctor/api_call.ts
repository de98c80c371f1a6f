/**
 * Calls the API with a token that is known already, as an authenticator does.
 *
 * @module
 */

import { Authenticator } from "../authenticator.ts";
import type { AuthenticatorOptions } from "../authenticator_options.ts";
import { systemClock } from "../clock.ts";
import { Credentials } from "../credentials.ts";
import { AuthenticationError } from "../errors.ts";
import { withDeadline } from "../refresh/deadlines.ts";
import type { Examination, Exchange } from "./examination.ts";
import { record } from "./recording.ts";

/** What the API answered to a call with the token. */
export interface ApiCall {
  /** All answers, those that redirect among them; the last one last. */
  readonly hops: readonly Exchange[];
  /** The last answer; `undefined` where none came, or none to the last redirect. */
  readonly answer: Exchange | undefined;
  /** What was thrown. */
  readonly error?: unknown;
  /** Whether the library takes the answer for a rejection of the token (`isRejected`). */
  readonly isRejected: boolean;
}

/** How this call differs. */
export interface ApiCallChanges extends Pick<AuthenticatorOptions, "headerKey" | "authorization"> {
  /** The token. Default: the one that was issued. */
  readonly credentials?: Credentials | undefined;
  /** The path or URL. Default: the `request` of the options, else `endpoint` itself. */
  readonly input?: string | undefined;
}

/** An authenticator with one token, which isn't refreshed. */
class GivenTokenAuthenticator extends Authenticator {
  constructor(options: AuthenticatorOptions, credentials: Credentials) {
    super(options, () => ({ reason }) => {
      // A rejected call isn't replayed: what the API answers is what is looked at.
      if (reason === "rejected") {
        throw new AuthenticationError("refresh_limited", "Cannot refresh: not in a diagnosis.");
      }
      return Promise.resolve({ credentials });
    });
  }
}

/** Sends a GET with the token. */
export async function callApi(examination: Examination, changes: ApiCallChanges = {}): Promise<ApiCall> {
  const { options: given, facts, stepTimeout: timeout } = examination;
  const { input, credentials = facts.issued!.credentials, ...others } = changes;
  const { accessToken, tokenType } = credentials;
  const options = { ...given, ...facts.working };
  const { headerKey = facts.settings?.headerKey, clock = systemClock, endpoint } = options;
  const recording = record({ fetch: examination.fetch, clock, onSecret: examination.addSecret });
  let isRejected = false;
  const authenticator = new GivenTokenAuthenticator({
    ...options,
    ...{ httpProxyUrl: undefined, verify: undefined, clientCertificate: undefined, revocation: undefined },
    headerKey,
    ...others,
    fetch: recording.fetch,
    retry: { maxAttempts: 1 },
    onEvent({ type }) {
      if (type === "token_rejected") isRejected = true;
    },
    // Without a time of expiry: a token that lives for seconds is looked at as well.
  }, new Credentials({ accessToken, tokenType }));
  try {
    await withDeadline({ timeout, signal: examination.signal }, async (signal) => {
      const response = await authenticator.fetch(input ?? String(given.request ?? endpoint), { signal });
      await recording.settled();
      void response.body?.cancel().catch(() => {});
    });
    return { hops: recording.exchanges, answer: recording.exchanges.at(-1), isRejected };
  } catch (error) {
    examination.signal.throwIfAborted();
    return { hops: recording.exchanges, answer: undefined, error, isRejected: false };
  } finally {
    facts.apiAnswers.push(...recording.exchanges);
    await authenticator.close().catch(() => {});
  }
}
