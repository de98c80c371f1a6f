/**
 * Requests a token of the platform.
 *
 * @module
 */

import { checkDuration, checkFunction } from "../arguments.ts";
import { cancel, readBody } from "../http/body.ts";
import { type Fetch, globalFetch } from "../http/fetch.ts";
import { failureMessage, isDenied, rootMessage } from "../http/network_errors.ts";
import { withDeadline } from "../refresh/deadlines.ts";
import { createDeniedError, createIdentityError, type Platform } from "./identity.ts";

/** How a platform is asked for a token, and how long the token is used. */
export interface PlatformRequestOptions {
  /**
   * Sends the request.
   *
   * @default {the global `fetch`}
   */
  readonly fetch?: Fetch | undefined;
  /**
   * Time limit for the request, in milliseconds.
   *
   * @default {5_000}
   */
  readonly timeout?: number | undefined;
  /**
   * Whether a JWT with a `jti` is used again until shortly before it expires. Many servers take each `jti` only once
   * (RFC 7523 §3): by default the platform is asked for another one each time. A JWT without a `jti` is always used again.
   *
   * @default {false}
   */
  readonly reuse?: boolean | undefined;
}

/** Throws if an option can't be used. */
export function checkRequestOptions({ fetch, timeout }: PlatformRequestOptions): void {
  checkFunction("fetch", fetch);
  checkDuration("timeout", timeout);
}

/** Asks a platform, and returns its answer. Neither its body nor what was sent shows in an error. */
export async function askPlatform(
  platform: Platform,
  url: URL,
  init: { readonly method?: string; readonly headers: HeadersInit; readonly body?: string },
  { fetch = globalFetch, timeout = 5_000 }: PlatformRequestOptions,
  explain: (text: string) => string = () => "",
): Promise<{ text: string; headers: Headers }> {
  const slow = () => createIdentityError(platform, `no answer within ${timeout} ms`, { retryable: true });
  const headers = makeHeaders(platform, init.headers);
  return await withDeadline({ timeout, error: slow }, async (signal) => {
    let response: Response;
    try {
      // A redirect would take the credentials elsewhere.
      response = await fetch(url, { ...init, headers, redirect: "manual", signal });
    } catch (error) {
      if (isDenied(error)) throw createDeniedError(platform, `reach ${url.host}`, `--allow-net=${url.host}`);
      const reason = failureMessage(redactHeaders(rootMessage(error), headers), url.href);
      throw createIdentityError(platform, `${url.origin} can't be reached (${reason})`, { retryable: true });
    }
    const { status } = response;
    if (status === 200) return { text: await readBody(response, signal), headers: response.headers };
    if (status < 400) cancel(response.body);
    const reason = status < 400 ? "" : explain(await readBody(response, signal));
    const retryable = status >= 500 || [408, 425, 429].includes(status);
    throw createIdentityError(platform, `${url.origin} answered ${status}${reason}`, { status, retryable });
  });
}

/** Takes out what was sent: a `fetch` may quote it. */
function redactHeaders(text: string, headers: Headers): string {
  const parts = [...headers.values()].flatMap((value) => [value, ...value.split(/[ ,]+/)]);
  // The longest first: one may be a part of another.
  for (const part of parts.sort((a, b) => b.length - a.length)) if (part) text = text.replaceAll(part, "[redacted]");
  return text;
}

/** Runtimes quote a value that no header can have. */
function makeHeaders(platform: Platform, given: HeadersInit): Headers {
  try {
    return new Headers(given);
  } catch {
    throw createIdentityError(platform, "a credential holds characters that no header can have");
  }
}
