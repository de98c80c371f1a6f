/** A fetch with scripted tokens and answers. @module */

import type { Fetch } from "@m2m/authenticator";
import { authenticatedFetch, type AuthenticatedFetchOptions } from "../../src/api_call/authenticated_fetch.ts";
import { readMoment, systemClock } from "../../src/clock.ts";
import { type IssuedToken, issueToken } from "../../src/refresh/issued_token.ts";
import type { Tokens } from "../../src/refresh/tokens.ts";

export const home = "https://api.test";
export const fine = () => new Response("fine");
export const rejected = () => new Response("rejected", { status: 401 });
export const redirect = (status: number, location: string) => () =>
  new Response(null, { status, headers: { location } });

export type Answer = (request: Request, init: RequestInit) => Response | Promise<Response>;

/** What the tokens and the API do. */
export interface Script extends Partial<AuthenticatedFetchOptions> {
  /** The API's answers; the last one comes again and again. */
  readonly answers?: readonly Answer[];
  /** The first token, and what replaces one after the other. Default: two. */
  readonly issued?: readonly IssuedToken[];
  /** Whether the first token is live. Default: `true`. */
  readonly live?: boolean;
  readonly get?: Tokens["get"];
  /** Whether rejections are rationed. Default: `false`. */
  readonly isWary?: boolean;
  /** Replaces the scripted tokens. */
  readonly tokens?: Tokens;
}

export function makeToken(number: number, headerKey = "authorization"): IssuedToken {
  const credentials = { accessToken: `token-${number}`, tokenType: "Bearer" } as IssuedToken["credentials"];
  return issueToken({ credentials, headerKey }, readMoment(systemClock), undefined, {});
}

/** Leaves out what all URLs of the API, and all headers with a token, have in common. */
export const shorten = (text: string) =>
  text.replaceAll(home, "").replaceAll(/(authorization=)?Bearer token/g, "token");

/** Makes it. The log has a line for each request, and for each use of the tokens. */
export function setUp({ answers = [fine], live = true, isWary = false, ...script }: Script = {}) {
  const { issued = [makeToken(1), makeToken(2)], get, tokens, ...options } = script;
  const log: unknown[] = [];
  const seen: Parameters<Fetch>[] = [];
  const note = (...words: unknown[]) => void log.push(shorten(words.join(" ").trimEnd()));
  const scripted = {
    last: live || get ? issued[0] : undefined,
    fresh: () => live ? issued[0] : undefined,
    get: get ?? (() => Promise.resolve(issued[0])),
    replace(rejected, { url, replays = 0 } = {}) {
      note("replace", rejected.credentials.accessToken, url, replays);
      return Promise.resolve(issued[replays + 1]);
    },
    isWary,
    accepted: ({ credentials }, url) => note("accepted", credentials.accessToken, url),
    replayed: (status) => note("replayed", status),
  } as Tokens;
  const fetch = authenticatedFetch(tokens ?? scripted, {
    endpoint: `${home}/v1/`,
    async fetch(input, init = {}) {
      const number = seen.push([input, init]);
      const request = new Request(input, init);
      const headers = Array.from(request.headers, (header) => header.join("=")).filter((it) => !/^content-/.test(it));
      note(request.method, request.url, ...headers, await request.text());
      return await (answers[number - 1] ?? answers.at(-1)!)(request, init);
    },
    ...options,
  });
  return { fetch, seen, log };
}
