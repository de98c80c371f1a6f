/**
 * What is read from tokens and the API's answers: pure functions, as tables.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type ApiVerdict, classifyApiAnswer } from "../../src/doctor/api_answer.ts";
import { formatDuration } from "../../src/doctor/durations.ts";
import { listGatewaysBeyond } from "../../src/doctor/header_limits.ts";
import { joinLostPath } from "../../src/doctor/lost_call.ts";
import { readRateLimit } from "../../src/doctor/rate_limits.ts";
import { compareScopes } from "../../src/doctor/scopes.ts";
import { listTokenDoubts, type TokenContext } from "../../src/doctor/token_doubts.ts";

const now = Date.UTC(2026, 10, 29, 12);
const seconds = now / 1_000;
const api = "https://api.example.com/v1/";
const issuer = "https://auth.example.com";
const healthy = { iss: issuer, aud: "https://api.example.com", iat: seconds, exp: seconds + 600 };

const doubts: readonly [name: string, claims: object, context: Partial<TokenContext>, codes: readonly string[]][] = [
  ["healthy", {}, {}, []],
  ["an audience with a slash at its end", { aud: [`${api}`, "other"] }, {}, []],
  ["another issuer", { iss: `${issuer}/v2` }, {}, ["issuer_unexpected"]],
  ["another audience than asked for", { aud: "account" }, { targets: ["https://api.example.com"] }, [
    "audience_mismatch",
  ]],
  ["a foreign audience, as asked for", { aud: "https://b.test" }, { targets: ["https://b.test"] }, [
    "audience_mismatch weak",
  ]],
  ["a name as audience, as asked for", { aud: "api://default" }, { targets: ["api://default"] }, []],
  ["a path that begins alike", { aud: "https://api.example.com/v" }, {}, ["audience_mismatch weak"]],
  ["exp before expires_in", { exp: seconds + 300 }, {}, ["lifetime_mismatch"]],
  ["seconds", { exp: seconds + 20 }, { expiresIn: 20_000 }, ["lifetime_short"]],
  ["not yet valid", { nbf: seconds + 60 }, {}, ["lifetime_mismatch"]],
  ["bound to a key that isn't there", { cnf: { jkt: "a" } }, {}, ["dpop_required"]],
  ["bound to another key", { cnf: { jkt: "a" } }, { hasDpop: true, jkt: "b" }, ["dpop_rejected"]],
  ["bound to a certificate", { cnf: { "x5t#S256": "a" } }, {}, ["client_certificate_required"]],
  ["long", {}, { headerLength: 9_000 }, ["token_too_long"]],
];

Deno.test("Doubts about a token", async (context) => {
  for (const [name, claims, given, codes] of doubts) {
    await context.step(name, () => {
      const found = listTokenDoubts({
        ...{ jwt: { header: {}, claims: { ...healthy, ...claims } }, tokenType: "Bearer", expiresIn: 600_000 },
        ...{ serverTime: now, headerLength: 500, issuer, endpoint: new URL(api), targets: [] },
        ...{ hasDpop: false, jkt: undefined, hasCertificate: false },
        ...given,
      }, String);
      assertEquals(found.map(({ code, isWeak }) => isWeak ? `${code} weak` : code), codes);
    });
  }
});

type AnswerRow = readonly [
  name: string,
  verdict: ApiVerdict,
  answer: { status: number; headers?: Record<string, string>; text?: string },
  bare?: number,
  headerLength?: number,
];
const html = { "content-type": "text/html" };
const answers: readonly AnswerRow[] = [
  ["fine", "accepted", { status: 200 }],
  ["a page", "page", { status: 200, headers: html }],
  ["rejected", "rejected", { status: 401 }],
  ["rejected by 403", "rejected", { status: 403, headers: { "www-authenticate": 'Bearer error="invalid_token"' } }],
  ["a scope", "scope", { status: 403, headers: { "www-authenticate": 'Bearer error="insufficient_scope"' } }],
  ["forbidden", "forbidden", { status: 403 }],
  ["nginx's limit", "header", { status: 400, text: "Request Header Or Cookie Too Large" }, 401, 9_000],
  ["Node's limit", "header", { status: 431 }, 401, 17_000],
  ["a bad request with a short token", "accepted", { status: 400 }, 401],
  ["a bad request in any case", "unclear", { status: 400 }, 400],
  ["a method that isn't taken", "accepted", { status: 405 }, 401],
  ["nginx without a certificate", "certificate", { status: 400, text: "No required SSL certificate was sent" }],
  ["a proxy's login", "proxy login", { status: 407 }],
  ["limited", "limited", { status: 429 }],
  ["a failure", "failed", { status: 502 }],
];

Deno.test("An API's answer is classified", async (context) => {
  for (const [name, verdict, { status, headers, text = "" }, bare = 401, headerLength = 500] of answers) {
    await context.step(name, () => {
      const answer = { status, headers: new Headers(headers), text };
      assertEquals(classifyApiAnswer(answer, { bare: { status: bare }, headerLength, isRejected: false }), verdict);
    });
  }
});

Deno.test("Scopes are compared as sets", () => {
  const missing = (asked: string, answered?: string, claimed?: string[]) =>
    compareScopes({ asked: asked.split(" "), answered, claimed }).missing;
  assertEquals(missing("a b", "b a"), []);
  assertEquals(missing("a b", "a"), ["b"]);
  assertEquals(missing("a b", undefined, ["b"]), ["a"]);
  assertEquals(missing("a b", "a", ["b"]), []);
  assertEquals(missing("a b"), []);
  assertEquals(missing("https://graph.example.com/.default", undefined, ["Mail.Read"]), []);
  assertEquals(compareScopes({ asked: ["a"] }).granted, undefined);
});

Deno.test("The URL that is meant, where the endpoint's path is lost", () => {
  const join = (endpoint: string, request?: string) => joinLostPath(endpoint, request)?.href;
  assertEquals(join("https://a.test/v1", "projects"), "https://a.test/v1/projects");
  assertEquals(join("https://a.test/v1/", "/projects"), "https://a.test/v1/projects");
  assertEquals(join("https://a.test/v1/", "projects"), undefined);
  assertEquals(join("https://a.test/v1/", "/v1/projects"), undefined);
  assertEquals(join("https://a.test/", "/projects"), undefined);
  assertEquals(join("https://a.test/v1", "https://a.test/projects"), undefined);
  assertEquals(join("https://a.test/v1"), undefined);
});

Deno.test("Gateways that a header is too long for", () => {
  assertEquals(listGatewaysBeyond(4_000), []);
  assertEquals(listGatewaysBeyond(9_000), ["nginx", "Apache", "gunicorn", "Tomcat"]);
  assertEquals(listGatewaysBeyond(17_000).includes("Node"), true);
});

Deno.test("Limits are read in all their spellings", () => {
  const read = (headers: Record<string, string>) =>
    readRateLimit({ status: 200, headers: new Headers(headers), receivedAt: now });
  assertEquals(read({}), undefined);
  assertEquals(read({ ratelimit: "limit=100, remaining=3, reset=20" }), { limit: 100, remaining: 3, reset: 20_000 });
  assertEquals(read({ ratelimit: '"default";r=3;t=20', "ratelimit-policy": '"default";q=100;w=60' }), {
    limit: 100,
    remaining: 3,
    reset: 20_000,
  });
  assertEquals(read({ "x-ratelimit-limit": "100", "x-ratelimit-remaining": "0" }), {
    limit: 100,
    remaining: 0,
    reset: undefined,
  });
});

Deno.test("Durations are written by their two largest units", () => {
  const table = [[0, "0 s"], [20_000, "20 s"], [600_000, "10 min"], [5_400_000, "1 h 30 min"], [
    86_400_000,
    "1 d",
  ]] as const;
  for (const [milliseconds, text] of table) assertEquals(formatDuration(milliseconds), text);
});
