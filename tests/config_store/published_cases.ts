/** Answers to a request for published metadata, whichever kind it is, and how the lookup must end. @module */

import type { AuthenticationErrorCode } from "@m2m/authenticator";
import { answer, gzipped, halfway, html, json, jsonText, raw, redirect, steps } from "../faults/behaviours.ts";
import { planted } from "../faults/planted.ts";
import type { ArrivedRequest, Behaviour } from "../servers/fault_server.ts";

export type Fields = Record<string, unknown>;

/**
 * The URLs of a case (of the issuer, API or platform, its origin, an API's authorization server, and a server of another
 * origin, which nothing may reach), and the good document.
 */
export type Places = Readonly<Record<"url" | "origin" | "issuer" | "elsewhere", string>> & { document: Fields };
/** A value, or what makes it of the URLs. */
export type By<T> = T | ((places: Places) => T);

/** How the lookup ends: by an error, or by the document's required fields and those given. */
export interface End {
  readonly code?: AuthenticationErrorCode;
  /** A part of the error's message. */
  readonly says?: string;
  readonly status?: number;
  readonly retryable?: boolean;
  readonly metadata?: By<Fields>;
  readonly scopes?: readonly string[];
  /** The requests, in order. */
  readonly requests?: readonly string[];
  /** In milliseconds. */
  readonly timeout?: number;
}

export type Behave = Behaviour | ((places: Places, request: ArrivedRequest) => Behaviour);
/** What the server does, and how the lookup ends. */
export type Case = [name: string, behave: Behave, end: End];

/** The cases that end alike. */
export function alike(end: End, behaviours: Record<string, Behave>): Case[] {
  return Object.entries(behaviours).map(([name, behave]) => [name, behave, end]);
}

export function resolve<T>(value: By<T>, places: Places): T {
  return value instanceof Function ? value(places) : value;
}

/** How a lookup fails. */
export const fails = {
  invalid: (says: string): End => ({ code: "invalid_config", says }),
  insecure: { code: "insecure_endpoint", says: "names an http: token_endpoint" },
  noEndpoint: { code: "invalid_config", says: "names no token_endpoint" },
  late: { code: "timeout", says: "no answer within 120 ms", retryable: true, timeout: 120 },
  unreachable: { code: "network_error", says: "it can't be reached (", retryable: true },
} as const;

const megabyte = "x".repeat(1_048_576);
const bomb = await gzipped("{", 10_485_760);
const half = JSON.stringify({ issuer: planted.body });
const withType = (type?: string): Behave => ({ document }) =>
  answer(JSON.stringify(document), type === undefined ? {} : { headers: { "content-type": type } });
const ok = { send: "HTTP/1.1 200 OK\r\n\r\n" };

const answers = (end: End, ...statuses: number[]) =>
  statuses.map((status): Case => [
    `answers ${status}`,
    html(status, planted.body),
    { says: `answered ${status}`, status, ...end },
  ]);
const retried: End = { code: "config_store_failed", says: "Try again later", retryable: true };

export const commonCases: readonly Case[] = [
  ...alike({}, {
    "publishes a good document": ({ document }) => json(document),
    "publishes unknown fields": ({ document }) => json({ ...document, x: { y: [1] }, constructor: 1, toString: [] }),
    "nests deeply": ({ document }) => json({ ...document, x: JSON.parse("[".repeat(5_000) + "]".repeat(5_000)) }),
    "sets a prototype": ({ document }) => jsonText(`{"__proto__":{"planted":1},${JSON.stringify(document).slice(1)}`),
    "sends its JSON as text": withType("text/plain"),
    "sends its JSON as bytes": withType("x/octets"),
    "sends its JSON without a type": withType(),
  }),
  ...alike(fails.invalid("is a web page, not metadata"), {
    "sends its JSON as HTML": withType("text/html"),
    "answers a page": html(200, planted.body),
    "answers a page as JSON": jsonText(`\n <html>${planted.body}`),
  }),
  ...alike(fails.invalid("is empty"), {
    "answers nothing": answer("", { headers: { "content-type": "application/json" } }),
    "answers nothing without a type": answer(""),
    "answers 204": raw("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"),
  }),
  ...alike(fails.invalid("is no JSON object"), {
    "answers an array": json([planted.body]),
    "answers null": json(null),
    "answers a string": json(planted.body),
    "answers half a document": jsonText(half.slice(0, -2)),
    "answers a signed document": answer("eyJ.eyJ.sig", { headers: { "content-type": "application/jwt" } }),
    "answers 1 MiB of brackets": jsonText("[".repeat(1_048_576)),
  }),
  ...alike({ code: "response_too_large", says: "is over 1 MiB" }, {
    "answers 10 MB": jsonText(megabyte.repeat(10)),
    "answers 10 MB, compressed": answer(bomb, { headers: { "content-encoding": "gzip" } }),
    "streams endlessly": steps(ok, { flood: megabyte, times: 100 }),
  }),
  ...answers({ code: "config_not_found" }, 404, 410, 501),
  ...answers({ code: "config_store_failed" }, 400, 401, 403, 405, 451),
  ...answers(retried, 408, 429, 500, 502, 503),
  ...[301, 302, 303, 307, 308].map((status): Case => [
    `redirects to another origin by ${status}`,
    ({ elsewhere }) => redirect(status, `${elsewhere}/${planted.body}`),
    { code: "redirect_refused", says: "Redirects aren't followed", status },
  ]),
  ...alike({ code: "redirect_refused", says: "redirects", status: 302 }, {
    "redirects in circles": (_, { path }) => redirect(302, path),
  }),
  ...alike(fails.unreachable, {
    "breaks off": halfway(half, "reset"),
    "speaks no HTTP": raw("SSH-2.0-OpenSSH_9.2\r\n"),
  }),
  ...alike(fails.late, {
    "stalls": steps("stall"),
    "stalls in the middle of the document": halfway(half, "stall"),
    "sends the document byte by byte": ({ document }) => steps(ok, { drip: JSON.stringify(document), every: 20 }),
  }),
];
