/** Answers to a request for published metadata, whichever kind it is, and how the lookup must end. @module */

import type { AuthenticationErrorCode } from "@m2m/authenticator";
import { answer, gzipped, halfway, html, json, jsonText, raw, redirect, steps } from "../faults/behaviours.ts";
import { planted } from "../faults/planted.ts";
import type { ArrivedRequest, Behaviour } from "../servers/fault_server.ts";

/** The URLs of a case. */
export interface Places {
  /** The issuer, API or platform. */
  readonly url: string;
  readonly origin: string;
  /** The authorization server of an API. */
  readonly issuer: string;
  /** A server of another origin, which nothing may reach. */
  readonly elsewhere: string;
}

export interface Failure {
  readonly code: AuthenticationErrorCode;
  /** A part of the message. */
  readonly says: string;
  readonly status?: number;
  readonly retryable?: boolean;
}

type Fields = Record<string, unknown>;

/** What is expected besides the document's required fields. */
export interface Used {
  readonly metadata?: Fields | ((places: Places) => Fields);
  readonly scopes?: readonly string[];
  /** The requests, in order. */
  readonly requests?: readonly string[];
}

export type Behave = (places: Places, request: ArrivedRequest) => Behaviour;
/** What the server does, how the lookup ends, and its timeout in milliseconds. */
export type Case = [name: string, behave: Behave, end: Used | Failure, timeout?: number];
/** The same, made of a good document. */
export type CommonCase = [
  name: string,
  behave: Behaviour | ((document: Fields, places: Places) => Behaviour),
  end: Used | Failure,
  timeout?: number,
];

export const always = (behaviour: Behaviour): Behave => () => behaviour;
export const invalid = (says: string): Failure => ({ code: "invalid_config", says });
export const insecure: Failure = { code: "insecure_endpoint", says: "names an http: token_endpoint" };
export const noEndpoint = invalid("names no token_endpoint");
export const transient = (code: AuthenticationErrorCode, says: string): Failure => ({ code, says, retryable: true });
export const late = transient("timeout", "no answer within 120 ms");
export const unreachable = transient("network_error", "it can't be reached (");

const tooLarge: Failure = { code: "response_too_large", says: "is over 1 MiB" };
const page = invalid("is a web page, not metadata");
const noObject = invalid("is no JSON object");
const megabyte = "x".repeat(1_048_576);
const bomb = await gzipped("{", 10_485_760);
const half = JSON.stringify({ issuer: planted.body });
const withType = (type?: string) => (document: Fields) =>
  answer(JSON.stringify(document), type === undefined ? {} : { headers: { "content-type": type } });

export const commonCases: readonly CommonCase[] = [
  ["publishes a good document", (document) => json(document), {}],
  ["publishes unknown fields", (it) => json({ ...it, x: { y: [1] }, constructor: 1, toString: [] }), {}],
  ["nests deeply", (it) => json({ ...it, x: JSON.parse("[".repeat(5_000) + "]".repeat(5_000)) }), {}],
  ["sets a prototype", (it) => jsonText(`{"__proto__":{"planted":1},${JSON.stringify(it).slice(1)}`), {}],
  ["sends its JSON as text", withType("text/plain"), {}],
  ["sends its JSON as bytes", withType("x/octets"), {}],
  ["sends its JSON without a type", withType(), {}],
  ["sends its JSON as HTML", withType("text/html"), page],
  ["answers a page", html(200, planted.body), page],
  ["answers a page as JSON", jsonText(`\n <html>${planted.body}`), page],
  ["answers nothing", answer("", { headers: { "content-type": "application/json" } }), invalid("is empty")],
  ["answers nothing without a type", answer(""), invalid("is empty")],
  ["answers 204", raw("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"), invalid("is empty")],
  ["answers an array", json([planted.body]), noObject],
  ["answers null", json(null), noObject],
  ["answers a string", json(planted.body), noObject],
  ["answers half a document", jsonText(half.slice(0, -2)), noObject],
  ["answers a signed document", answer("eyJ.eyJ.sig", { headers: { "content-type": "application/jwt" } }), noObject],
  ["answers 1 MiB of brackets", jsonText("[".repeat(1_048_576)), noObject],
  ["answers 10 MB", jsonText(megabyte.repeat(10)), tooLarge],
  ["answers 10 MB, compressed", answer(bomb, { headers: { "content-encoding": "gzip" } }), tooLarge],
  ["streams endlessly", steps({ send: "HTTP/1.1 200 OK\r\n\r\n" }, { flood: megabyte, times: 100 }), tooLarge],
  ...[404, 410, 501].map((status): CommonCase => [
    `answers ${status}`,
    json({ x: planted.body }, { status }),
    { code: "config_not_found", says: `answered ${status}`, status },
  ]),
  ...[400, 401, 403, 405, 451, 408, 429, 500, 502, 503].map((status): CommonCase => {
    const retryable = [408, 429, 500, 502, 503].includes(status);
    return [
      `answers ${status}`,
      html(status, planted.body),
      { code: "config_store_failed", says: retryable ? "Try again later" : `answered ${status}`, status, retryable },
    ];
  }),
  ...[301, 302, 303, 307, 308].map((status): CommonCase => [
    `redirects to another origin by ${status}`,
    (_, { elsewhere }) => redirect(status, `${elsewhere}/${planted.body}`),
    { code: "redirect_refused", says: "Redirects aren't followed", status },
  ]),
  [
    "redirects to itself",
    (_, { url }) => redirect(302, url),
    { code: "redirect_refused", says: "redirects", status: 302 },
  ],
  ["breaks off", halfway(half, "reset"), unreachable],
  ["speaks no HTTP", raw("SSH-2.0-OpenSSH_9.2\r\n"), unreachable],
  ["stalls", steps("stall"), late, 120],
  ["stalls in the middle of the document", halfway(half, "stall"), late, 120],
  [
    "sends the document byte by byte",
    (it) => steps({ send: "HTTP/1.1 200 OK\r\n\r\n" }, { drip: JSON.stringify(it), every: 20 }),
    late,
    120,
  ],
];
