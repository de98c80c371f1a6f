/**
 * What an API may answer those who come without a token, or publish of itself, and how that must end.
 *
 * @module
 */

import type { AuthenticationErrorCode } from "@m2m/authenticator";
import type { ProtectedResourceMetadata } from "@m2m/authenticator/config-store/protected-resource";
import { answer, halfway, html, json, jsonText, raw, redirect, steps } from "../faults/behaviours.ts";
import { planted } from "../faults/planted.ts";
import type { ArrivedRequest, Behaviour } from "../servers/fault_server.ts";

/** Where the servers of a case are. */
export interface Places {
  /** The API's URL, `/mcp` of its origin. */
  api: string;
  /** The API's origin. */
  origin: string;
  /** The issuer that is expected. */
  issuer: string;
  /** A server of another origin, which nothing may reach. */
  elsewhere: string;
}

export interface Failure {
  code: AuthenticationErrorCode;
  /** What the message must say. */
  says: string;
  status?: number;
  retryable?: boolean;
}

/** The metadata but for `resource` and `authorization_servers`, and what it is got by; or why there is none. */
export type End = { metadata: Partial<ProtectedResourceMetadata>; scopes?: string[]; requests?: string[] } | Failure;

/** Sentence, what the API does, how it ends, and the deadline in milliseconds where the case waits for it. */
export type Case = [
  name: string,
  behaviour: (places: Places, request: ArrivedRequest) => Behaviour,
  end: End,
  timeout?: number,
];

export const wellKnown = "/.well-known/oauth-protected-resource";
const good = (metadata: Partial<ProtectedResourceMetadata> = {}, more = {}): End => ({ metadata, ...more });
const invalid = (says: string): Failure => ({ code: "invalid_config", says });
const unexpected = invalid("its authorization_servers include none of the expected issuers");
const other = invalid(`${wellKnown}/mcp names another resource`);
const megabyte = "x".repeat(1_048_576);

/** A good document, and what is special. */
const document = ({ api, issuer }: Places, over: Record<string, unknown> = {}) => ({
  resource: api,
  authorization_servers: [issuer],
  note: planted.body,
  ...over,
});

/** Publishes in the usual place, where whoever asks without a token gets a plain 401. */
function usually(behave: (places: Places) => Behaviour, place = `${wellKnown}/mcp`): Case[1] {
  return (places, { path }) => {
    if (path === place) return behave(places);
    return path === "/mcp" ? challenge("Bearer") : json({}, { status: 404 });
  };
}

/** Publishes a document with something special in it. */
const publishes = (over: Record<string, unknown> | ((places: Places) => Record<string, unknown>)) =>
  usually((places) => json(document(places, typeof over === "function" ? over(places) : over)));

/** Answers 401 with this challenge to those without a token, and has its document in one place. */
function challenges(text: string | ((places: Places) => string), place = "/metadata"): Case[1] {
  return (places, { path }) => {
    if (path === place) return json(document(places));
    if (path !== "/mcp") return json({}, { status: 404 });
    return challenge(typeof text === "function" ? text(places) : text);
  };
}

function challenge(text: string): Behaviour {
  return raw(
    `HTTP/1.1 401 Unauthorized\r\nwww-authenticate: ${text}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
  );
}

const documents: Case[] = [
  ["publishes what it should", publishes({}), good()],
  ["publishes fields nobody knows", publishes({ x: { y: [1] }, constructor: 1, toString: [] }), good()],
  [
    "publishes a field that would change a prototype",
    usually(({ api, issuer }) =>
      jsonText(`{"__proto__":{"planted":1},"resource":"${api}","authorization_servers":["${issuer}"]}`)
    ),
    good(),
  ],
  ...[{
    scopes_supported: ["tools:call"],
    bearer_methods_supported: ["header", "body"],
    dpop_bound_access_tokens_required: true,
    dpop_signing_alg_values_supported: ["ES256"],
    tls_client_certificate_bound_access_tokens: false,
    authorization_details_types_supported: ["payment"],
    resource_signing_alg_values_supported: ["ES256"],
    jwks_uri: "https://api.example.com/jwks",
    resource_name: "The API",
    resource_documentation: "https://api.example.com/documentation",
  }].map((all): Case => ["publishes all that matters", publishes(all), good(all)]),
  [
    "publishes strings where arrays belong",
    publishes({ scopes_supported: "a b", bearer_methods_supported: "body", jwks_uri: ["https://x.test"] }),
    good(),
  ],
  [
    "publishes what isn't what it should be",
    publishes({ scopes_supported: ["a", 7], dpop_bound_access_tokens_required: "true", resource_name: { a: 1 } }),
    good(),
  ],
  ["publishes an unsafe URL for its keys", publishes({ jwks_uri: "http://keys.example.com/" }), good()],
  ["publishes null for what it hasn't", publishes({ jwks_uri: null, scopes_supported: null }), good()],
  ["nests deeply", publishes({ x: JSON.parse("[".repeat(5_000) + "]".repeat(5_000)) }), good()],
  [
    "takes tokens in a body only",
    publishes({ bearer_methods_supported: ["body"] }),
    invalid("accepts no token in a header"),
  ],
  ["takes no tokens at all", publishes({ bearer_methods_supported: [] }), invalid("accepts no token in a header")],
  ["names no resource", publishes({ resource: undefined }), invalid("names no resource that is an absolute URL")],
  ["names null as its resource", publishes({ resource: null }), invalid("names no resource")],
  ["names an array as its resource", publishes(({ api }) => ({ resource: [api] })), invalid("names no resource")],
  ["names a relative resource", publishes({ resource: "/mcp" }), invalid("names no resource")],
  ["names a resource with a password", publishes({ resource: "https://a:b@x.test/mcp" }), invalid("names no resource")],
  ["names another resource", publishes({ resource: "https://evil.example.com/mcp" }), other],
  ["names a resource beside it", publishes(({ origin }) => ({ resource: `${origin}/mc` })), other],
  ["names a resource below it", publishes(({ api }) => ({ resource: `${api}/tenant` })), other],
  ["names a resource with a query", publishes(({ api }) => ({ resource: `${api}?tenant=1` })), other],
  ["names a resource with a fragment", publishes(({ api }) => ({ resource: `${api}#` })), other],
  ["names a resource with a blank", publishes(({ api }) => ({ resource: ` ${api}` })), other],
  ...[
    "/victim/../mcp",
    "/victim/%2e%2e/mcp",
    "/victim/.%2E/mcp",
    "\\victim\\..\\mcp",
    "/./mcp",
    "/mcp?",
    "/mcp/.",
    "//../mcp",
  ]
    .map((path): Case => [
      `names itself in a way that is read differently elsewhere (${path})`,
      publishes(({ origin }) => ({ resource: origin + path })),
      other,
    ]),
  [
    "names itself with backslashes for slashes",
    publishes(({ api }) => ({ resource: api.replace("//", "\\\\") })),
    other,
  ],
  [
    "names itself with too many slashes",
    publishes(({ api }) => ({ resource: api.replace("//", "///victim/..//") })),
    other,
  ],
  ["names itself with an empty user", publishes(({ api }) => ({ resource: api.replace("//", "//@") })), other],
  ["calls itself localhost", publishes(({ api }) => ({ resource: api.replace("127.0.0.1", "localhost") })), other],
  ["calls itself by https", publishes(({ api }) => ({ resource: api.replace("http:", "https:") })), other],
  ["names no authorization server", publishes({ authorization_servers: undefined }), unexpected],
  ["names an empty list of them", publishes({ authorization_servers: [] }), unexpected],
  ["names one as a string", publishes(({ issuer }) => ({ authorization_servers: issuer })), unexpected],
  ["names objects", publishes(({ issuer }) => ({ authorization_servers: [{ issuer }] })), unexpected],
  ["names one that isn't expected", publishes(({ elsewhere }) => ({ authorization_servers: [elsewhere] })), unexpected],
  [
    "names one that begins like the expected one",
    publishes(({ issuer }) => ({ authorization_servers: [`${issuer}.evil.test`, `${issuer}/${planted.body}`] })),
    unexpected,
  ],
  [
    "names one in other letters",
    publishes(({ issuer }) => ({ authorization_servers: [issuer.replace("http", "HTTP")] })),
    unexpected,
  ],
];

/** The documents of APIs that name themselves otherwise than whoever asks for them; these are used. */
export const acceptedResources: Record<string, (places: Places) => string> = {
  "its origin": ({ origin }) => origin,
  "its origin, and a slash": ({ origin }) => `${origin}/`,
  "itself, and a slash": ({ api }) => `${api}/`,
  "itself in other letters": ({ api }) => api.replace("http", "HTTP"),
};

const places: Case[] = [
  [
    "publishes for the whole server",
    usually((places) => json(document(places, { resource: places.origin })), wellKnown),
    good({}, { requests: ["/mcp", `${wellKnown}/mcp`, wellKnown] }),
  ],
  [
    "publishes another resource's document for the path, and a good one for the server",
    (places, { path }) =>
      path === wellKnown
        ? json(document(places, { resource: places.origin }))
        : json(document(places, { resource: `${places.origin}/other` })),
    good({}, { requests: ["/mcp", `${wellKnown}/mcp`, wellKnown] }),
  ],
  [
    "says in its challenge where its metadata is",
    challenges(({ origin }) => `Bearer resource_metadata="${origin}/metadata"`),
    good({}, { requests: ["/mcp", "/metadata"] }),
  ],
  [
    "says in its challenge where its metadata is, and which scopes are needed",
    challenges(({ origin }) => `Basic realm="x", DPoP a=b, scope="a  b", resource_metadata="${origin}/metadata"`),
    good({}, { requests: ["/mcp", "/metadata"], scopes: ["a", "b"] }),
  ],
  [
    "names in its challenge a place of its own, where it speaks for the whole server",
    (places, { path }) =>
      path === "/mcp/metadata"
        ? json(document(places, { resource: places.origin }))
        : challenges(({ api }) => `Bearer resource_metadata="${api}/metadata"`, "")(places, { path } as ArrivedRequest),
    invalid("the location in its challenge names another resource; "),
  ],
  ...["X", "/../oauth-protected-resourceX", "/..%2fmine", "/mcp/..%2f", "?mcp"].map((end): Case => [
    `names in its challenge a place that begins like a well-known one (${end}), where it speaks for the whole server`,
    (places, { path }) =>
      path === wellKnown || path === `${wellKnown}/mcp`
        ? json({}, { status: 404 })
        : path.startsWith(wellKnown)
        ? json(document(places, { resource: places.origin }))
        : challenge(`Bearer resource_metadata="${places.origin}${wellKnown}${end}"`),
    invalid("the location in its challenge names another resource; "),
  ]),
  [
    "names in its challenge the well-known place of the whole server",
    (places, { path }) =>
      path === wellKnown
        ? json(document(places, { resource: places.origin }))
        : challenge(`Bearer resource_metadata="${places.origin}${wellKnown}"`),
    good({}, { requests: ["/mcp", wellKnown] }),
  ],
  [
    "names the usual place in its challenge",
    challenges(({ origin }) => `Bearer resource_metadata="${origin}${wellKnown}/mcp"`, `${wellKnown}/mcp`),
    good({}, { requests: ["/mcp", `${wellKnown}/mcp`] }),
  ],
  [
    "names the place in its challenge wrongly",
    challenges(({ origin }) => `Bearer resource_metadata="${origin}/nowhere"`, `${wellKnown}/mcp`),
    good({}, { requests: ["/mcp", "/nowhere", `${wellKnown}/mcp`] }),
  ],
  [
    "names a place of another origin, and has the usual one",
    challenges(({ elsewhere }) => `Bearer resource_metadata="${elsewhere}${wellKnown}/mcp"`, `${wellKnown}/mcp`),
    good({}, { requests: ["/mcp", `${wellKnown}/mcp`] }),
  ],
  [
    "names a place of another origin only",
    challenges(({ elsewhere }) => `Bearer resource_metadata="${elsewhere}${wellKnown}/mcp"`),
    invalid("the location in its challenge isn't on its own origin, and wasn't requested; "),
  ],
  ...["metadata", "/metadata", "", "data:application/json,{}", "file:///etc/hosts", "http://", "\\u0000"].map((
    text,
  ): Case => [
    `names the place "${text}" in its challenge`,
    challenges(`Bearer resource_metadata="${text}"`),
    invalid("isn't on its own origin, and wasn't requested"),
  ]),
  [
    "names a place with a password",
    challenges(({ origin }) => `Bearer resource_metadata="${origin.replace("//", `//a:${planted.token}@`)}/metadata"`),
    invalid("isn't on its own origin"),
  ],
  ...[
    "Jwt is missing",
    '"',
    'Bearer resource_metadata="',
    'Bearer scope="a\\\\"b", scope=\'x\'',
    'Bearer scope="\\"a\\" b"',
    'Bearer scope=""',
    ",=,=,",
    `Bearer realm="${"x, ".repeat(1_000)}"`,
  ].map((text): Case => [
    `answers with the challenge ${text.slice(0, 40)}`,
    challenges(text, `${wellKnown}/mcp`),
    good({}, { requests: ["/mcp", `${wellKnown}/mcp`] }),
  ]),
  ...[200, 204, 302, 403, 404, 405, 429, 500, 503].map((status): Case => [
    `answers ${status} to those without a token`,
    (places, { path }) =>
      path !== "/mcp"
        ? json(document(places))
        : status === 302
        ? redirect(302, places.elsewhere)
        : raw(`HTTP/1.1 ${status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`),
    good(),
  ]),
  [
    "streams for ever to those without a token",
    (places, { path }) =>
      path === "/mcp"
        ? steps({ send: "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" }, {
          flood: ": \n\n",
          times: 10,
        }, "stall")
        : json(document(places)),
    good(),
  ],
  [
    "doesn't answer those without a token",
    (places, { path }) => path === "/mcp" ? steps("stall") : json(document(places)),
    good({}, { requests: ["/mcp", `${wellKnown}/mcp`] }),
    400,
  ],
];

const everywhere = (behaviour: Behaviour): Case[1] => () => behaviour;

const bodies: Case[] = [
  [
    "says that its JSON is text",
    usually((places) => answer(JSON.stringify(document(places)), type("text/plain"))),
    good(),
  ],
  [
    "answers a page",
    usually(() => html(200, planted.body)),
    invalid("is a web page, not metadata; "),
  ],
  [
    "says that its JSON is HTML",
    usually((places) => answer(JSON.stringify(document(places)), type("text/html"))),
    invalid("is a web page"),
  ],
  ["answers nothing", usually(() => answer("", type("application/json"))), invalid("is empty")],
  ["answers null", usually(() => json(null)), invalid("is no JSON object")],
  ["answers an array", usually(() => json([planted.body])), invalid("is no JSON object")],
  ["answers a string", usually(() => json(planted.body)), invalid("is no JSON object")],
  ["answers half a document", usually(() => jsonText(`{"resource":"${planted.body}`)), invalid("is no JSON object")],
  ["answers 1 MiB of opening brackets", usually(() => jsonText("[".repeat(1_048_576))), invalid("is no JSON object")],
  ["answers 10 MB", usually(() => jsonText(megabyte.repeat(10))), {
    code: "response_too_large",
    says: "is over 1 MiB",
  }],
  ...[404, 410, 501].map((status): Case => [`answers ${status} everywhere`, everywhere(json({}, { status })), {
    code: "config_not_found",
    says: `${wellKnown}/mcp answered ${status}; ${wellKnown} answered ${status}. Check the API's URL`,
    status,
  }]),
  ...[400, 401, 403].map((status): Case => [`answers ${status} everywhere`, everywhere(html(status, planted.body)), {
    code: "config_store_failed",
    says: `answered ${status}`,
    status,
  }]),
  ...[429, 500, 503].map((status): Case => [`answers ${status} everywhere`, everywhere(html(status, planted.body)), {
    code: "config_store_failed",
    says: "Try again later.",
    status,
    retryable: true,
  }]),
  ...[301, 307].map((status): Case => [
    `redirects to another origin by ${status}`,
    ({ elsewhere }) => redirect(status, `${elsewhere}${wellKnown}`),
    { code: "redirect_refused", says: "redirects. Redirects aren't followed", status },
  ]),
  ["breaks off", everywhere(halfway(`{"resource":"${planted.body}"}`, "reset")), {
    code: "network_error",
    says: "it can't be reached (",
    retryable: true,
  }],
  ["speaks no HTTP", everywhere(raw("SSH-2.0-OpenSSH_9.2\r\n")), {
    code: "network_error",
    says: "it can't be reached",
    retryable: true,
  }],
  ["stalls", everywhere(steps("stall")), { code: "timeout", says: "no answer within 200 ms", retryable: true }, 200],
];

function type(contentType: string) {
  return { headers: { "content-type": contentType } };
}

export const protectedResourceCases: readonly Case[] = [...documents, ...places, ...bodies];
