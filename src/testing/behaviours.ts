/**
 * What test servers can be told to do.
 *
 * @module
 */

import type { Behaviour } from "./scripted_server.ts";

/** Keeps requests waiting until it is released, or their signal aborts. */
export interface Stall extends Behaviour {
  /** Settles when the first request waits. */
  readonly arrived: Promise<void>;
  /** Lets them, and later ones, have their usual answer. */
  release(): void;
}

/** What an answer has besides its status. */
export interface AnswerOptions {
  /** The status. */
  readonly status?: number | undefined;
  /** When to come again, in whole seconds: the header `Retry-After`. Default: it isn't sent. */
  readonly retryAfter?: number | undefined;
  /** Other headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The behaviours of {@linkcode behaviours}. Each is a function that makes one, for `next` and `during`. */
export interface Behaviours {
  /** Answers with a status, such as 503, and a body that says it. */
  status(status: number, options?: Omit<AnswerOptions, "status">): Behaviour;
  /** Limits the rate: 429, with `Retry-After` in whole seconds where it is given, which clients wait in real time. */
  limitRate(retryAfter?: number): Behaviour;
  /** Answers with an OAuth error (RFC 6749 §5.2), by status 400; by 200 it is an error inside of a success. */
  error(error: string, options?: AnswerOptions & { readonly description?: string | undefined }): Behaviour;
  /** Rejects the token: 401 with `invalid_token` (RFC 6750 §3.1). For APIs. */
  rejectToken(): Behaviour;
  /** Says that the token lacks a scope: 403 with `insufficient_scope` (RFC 6750 §3.1). For APIs. */
  lackScope(scope: string): Behaviour;
  /** Answers with a web page, as captive portals and firewalls do; by status 200 where no other is given. */
  page(options?: AnswerOptions): Behaviour;
  /** Answers with nothing, by status 200 where no other is given. */
  empty(options?: AnswerOptions): Behaviour;
  /** Redirects to another URL, by status 302 where no other is given. */
  redirect(location: string | URL, options?: AnswerOptions): Behaviour;
  /** Fails as `fetch` does where no connection is made. Behind a socket it is whatever the host makes of an error. */
  networkError(): Behaviour;
  /** Keeps requests waiting. */
  stall(): Stall;
  /**
   * Changes members of the usual answer's JSON: `{ expires_in: undefined }` omits one, `{ expires_in: "3600" }` writes
   * it as a string.
   */
  edit(members: Readonly<Record<string, unknown>>): Behaviour;
  /** Gives the usual answer another content type. */
  contentType(type: string): Behaviour;
}

/**
 * What test servers can be told to do.
 *
 * @example An outage, and a token that the API rejects
 * ```ts
 * import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
 * import { behaviours, testServers } from "@m2m/authenticator/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const kit = testServers();
 * const authenticator = new ClientCredentialsAuthenticator(kit.options);
 * kit.authorizationServer.next(behaviours.status(503), 2);
 * kit.api.next(behaviours.rejectToken());
 * assertEquals((await authenticator.fetch("/v1/projects")).status, 200);
 * kit.assertTokenRequests(4);
 * ```
 */
export const behaviours: Behaviours = {
  status: (status, options) => () =>
    answerJson({ message: `Answer ${status}, as the test says.` }, { ...options, status }),
  limitRate: (retryAfter) => behaviours.status(429, { retryAfter }),
  error: (error, { description, status = 400, ...options } = {}) => () =>
    answerJson({ error, error_description: description }, { ...options, status }),
  rejectToken: () => ({ url }) => challenge(401, url, { error: "invalid_token" }),
  lackScope: (scope) => ({ url }) => challenge(403, url, { error: "insufficient_scope", scope }),
  page: (options) => () =>
    answerText("<!doctype html><title>Sign in</title><p>Sign in to go on.", {
      ...options,
      headers: { "content-type": "text/html; charset=utf-8", ...options?.headers },
    }),
  empty: (options) => () => answerText(null, options),
  redirect: (location, { status = 302, ...options } = {}) => () =>
    answerText(null, { ...options, status, headers: { location: String(location), ...options.headers } }),
  networkError: () => () => {
    throw new TypeError("Cannot connect: the test says that the connection fails.");
  },
  stall: makeStall,
  edit: (members) => async (_, answer) => {
    const response = await answer();
    const { status, headers } = response;
    return Response.json({ ...await response.json(), ...members }, { status, headers: withoutLength(headers) });
  },
  contentType: (type) => async (_, answer) => {
    const { body, status, headers } = await answer();
    headers.set("content-type", type);
    return new Response(body, { status, headers });
  },
};

function makeStall(): Stall {
  const [arrival, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const behaviour: Behaviour = async (_, answer) => {
    arrival.resolve();
    await release.promise;
    return await answer();
  };
  return Object.assign(behaviour, { arrived: arrival.promise, release: () => release.resolve() });
}

/** An API's refusal, with a challenge (RFC 6750 §3) that names its metadata (RFC 9728 §5.1). */
export function challenge(
  status: number,
  url: string,
  parameters: Readonly<Record<string, string | undefined>>,
  { scheme = "Bearer", headers = {} } = {},
): Response {
  const resource_metadata = new URL("/.well-known/oauth-protected-resource", url).href;
  const shown = Object.entries({ ...parameters, resource_metadata }).filter(([, value]) => value !== undefined);
  const words = shown.map(([name, value]) => `${name}="${value!.replace(/["\\]/g, "'")}"`).join(", ");
  const message = parameters.error ?? "There is no token";
  return answerJson({ message }, { status, headers: { "www-authenticate": `${scheme} ${words}`, ...headers } });
}

/** An answer in JSON, which no cache keeps. */
export function answerJson(value: unknown, options?: AnswerOptions): Response {
  const headers = { "content-type": "application/json", "cache-control": "no-store", ...options?.headers };
  return answerText(JSON.stringify(value), { ...options, headers });
}

function answerText(text: string | null, { status = 200, retryAfter, headers }: AnswerOptions = {}): Response {
  const more: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": `${retryAfter}` };
  // Some have no body (Fetch, "null body status").
  const body = [204, 205, 304].includes(status) ? null : text;
  return new Response(body, { status, headers: { ...more, ...headers } });
}

function withoutLength(headers: Headers): Headers {
  const copy = new Headers(headers);
  copy.delete("content-length");
  return copy;
}
