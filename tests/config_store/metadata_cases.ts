/**
 * What a server may publish of itself, or answer in its place, and how discovery must end.
 *
 * @module
 */

import type { AuthenticationErrorCode } from "@m2m/authenticator";
import type { AuthorizationServerMetadata } from "@m2m/authenticator/config-store/discovery";
import { answer, gzipped, halfway, html, json, jsonText, raw, redirect, steps } from "../faults/behaviours.ts";
import { planted } from "../faults/planted.ts";
import type { ArrivedRequest, Behaviour } from "../servers/fault_server.ts";

/** Where the servers of a case are. */
export interface Places {
  /** The issuer's origin. */
  here: string;
  /** A server of another origin, which nothing may reach. */
  elsewhere: string;
}

/** The metadata, but for its issuer and token endpoint; or why there is none. */
export type End = { metadata: Partial<AuthorizationServerMetadata> } | Failure;

export interface Failure {
  code: AuthenticationErrorCode;
  /** What the message must say. */
  says: string;
  status?: number;
  retryable?: boolean;
}

/** Sentence, what the server does, how it ends, and the deadline in milliseconds where the case waits for it. */
export type Case = [
  name: string,
  behaviour: (places: Places, request: ArrivedRequest) => Behaviour,
  end: End,
  timeout?: number,
];

/** A good document, and what is special. */
const document = (here: string, over: Record<string, unknown> = {}) => ({
  issuer: here,
  token_endpoint: `${here}/token`,
  note: planted.body,
  ...over,
});
const good = (metadata: Partial<AuthorizationServerMetadata> = {}): End => ({ metadata });
const invalid = (says: string): Failure => ({ code: "invalid_config", says });
const absent = (status: number): Failure => ({ code: "config_not_found", says: `answered ${status}`, status });
const failed = (status: number, retryable: boolean): Failure => ({
  code: "config_store_failed",
  says: `answered ${status}`,
  status,
  retryable,
});
const page = "is a web page, not metadata. Check the issuer: it may be the address of a console";
const megabyte = "x".repeat(1_048_576);
const isFirst = ({ path }: ArrivedRequest) => path.startsWith("/.well-known/oauth-authorization-server");

/** Publishes a document with something special in it. */
const publishes = (over: Record<string, unknown>) => ({ here }: Places) => json(document(here, over));
/** Does the same whoever asks. */
const always = (behaviour: Behaviour) => () => behaviour;

/** One of every field that is of use. */
const all = {
  token_endpoint_auth_methods_supported: ["client_secret_basic", "private_key_jwt"],
  token_endpoint_auth_signing_alg_values_supported: ["ES256"],
  scopes_supported: ["api:read"],
  grant_types_supported: ["client_credentials"],
  dpop_signing_alg_values_supported: ["ES256"],
  tls_client_certificate_bound_access_tokens: true,
  mtls_endpoint_aliases: { token_endpoint: "https://mtls.example.com/token" },
  jwks_uri: "https://auth.example.com/jwks",
  introspection_endpoint: "https://auth.example.com/introspect",
  revocation_endpoint: "https://auth.example.com/revoke",
};

const documents: Case[] = [
  ["publishes what it should", publishes({}), good()],
  ["publishes fields nobody knows", publishes({ x: { y: [1] }, constructor: 1, "toString": [] }), good()],
  [
    "publishes a field that would change a prototype",
    ({ here }) => jsonText(`{"__proto__":{"planted":1},"issuer":"${here}","token_endpoint":"${here}/token"}`),
    good(),
  ],
  [
    "publishes all that matters",
    publishes(all),
    good(all),
  ],
  ["publishes strings where arrays belong", publishes({ scopes_supported: "a b", grant_types_supported: "x" }), good()],
  ["publishes arrays of anything", publishes({ scopes_supported: ["a", 7], grant_types_supported: [[]] }), good()],
  ["publishes an array where an object belongs", publishes({ mtls_endpoint_aliases: ["token_endpoint"] }), good()],
  [
    "publishes aliases that are no URLs, or unsafe",
    publishes({ mtls_endpoint_aliases: { token_endpoint: "http://mtls.example.com/token", other: 7, more: "/x" } }),
    good({ mtls_endpoint_aliases: {} }),
  ],
  ["publishes an unsafe URL for its keys", publishes({ jwks_uri: "http://keys.example.com/" }), good()],
  ["publishes nothing for what it hasn't", publishes({ jwks_uri: "", scopes_supported: null }), good()],
  ["names no issuer", publishes({ issuer: undefined }), invalid("names no issuer")],
  ["names an array as its issuer", ({ here }) => json(document(here, { issuer: [here] })), invalid("names no issuer")],
  ["names another issuer", publishes({ issuer: "https://evil.example.com" }), invalid("names another issuer")],
  [
    "names another issuer of the same server",
    ({ here }) => json(document(here, { issuer: `${here}/tenant` })),
    invalid("Write the issuer exactly as the server does"),
  ],
  [
    "names its issuer in other letters",
    ({ here }) => json(document(here, { issuer: here.replace("http", "HTTP") })),
    invalid("spells the issuer differently"),
  ],
  [
    "calls itself localhost",
    ({ here }) => json(document(here, { issuer: here.replace("127.0.0.1", "localhost") })),
    invalid("names another issuer"),
  ],
  [
    "ends its issuer in two slashes",
    ({ here }) => json(document(here, { issuer: `${here}//` })),
    invalid("names another issuer"),
  ],
  ["names no token endpoint", publishes({ token_endpoint: undefined }), invalid("names no token_endpoint")],
  ["names an empty token endpoint", publishes({ token_endpoint: "" }), invalid("names no token_endpoint")],
  ["names a relative token endpoint", publishes({ token_endpoint: "/token" }), invalid("names no token_endpoint")],
  ["names an array of token endpoints", publishes({ token_endpoint: ["https://x.test/token"] }), {
    code: "invalid_config",
    says: "names no token_endpoint that is an absolute URL",
  }],
  ["names a token endpoint with a password", publishes({ token_endpoint: "https://a:b@auth.example.com/token" }), {
    code: "invalid_config",
    says: "names no token_endpoint",
  }],
  ["names a file as its token endpoint", publishes({ token_endpoint: "file:///etc/hosts" }), {
    code: "invalid_config",
    says: "names no token_endpoint",
  }],
  [
    "names an http: token endpoint elsewhere",
    publishes({ token_endpoint: `http://evil.example.com/${planted.body}` }),
    {
      code: "insecure_endpoint",
      says: "names an http: token_endpoint",
    },
  ],
];

const bodies: Case[] = [
  ["says that its JSON is text", ({ here }) => answer(JSON.stringify(document(here)), type("text/plain")), good()],
  ["says that its JSON is bytes", ({ here }) => answer(JSON.stringify(document(here)), type("x/octets")), good()],
  ["doesn't say that it is JSON", ({ here }) => answer(JSON.stringify(document(here))), good()],
  [
    "says that its JSON is HTML",
    ({ here }) => answer(JSON.stringify(document(here)), type("text/html")),
    invalid(page),
  ],
  ["answers a page", always(html(200, planted.body)), invalid(page)],
  ["answers a page, and says that it is JSON", always(jsonText(`\n <html>${planted.body}`)), invalid(page)],
  ["answers nothing", always(answer("", type("application/json"))), invalid("is empty")],
  ["answers 204", always(raw("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")), invalid("is empty")],
  ["answers an array", always(json([planted.body])), invalid("is no JSON object")],
  ["answers null", always(json(null)), invalid("is no JSON object")],
  ["answers half a document", always(jsonText(`{"issuer":"${planted.body}`)), invalid("is no JSON object")],
  [
    "answers a signed document only",
    always(answer("eyJ.eyJ.sig", type("application/jwt"))),
    invalid("is no JSON object"),
  ],
  ["answers 1 MiB of opening brackets", always(jsonText("[".repeat(1_048_576))), invalid("is no JSON object")],
  ["answers 10 MB", always(jsonText(megabyte.repeat(10))), { code: "response_too_large", says: "is over 1 MiB" }],
  ["never stops answering", always(steps({ send: "HTTP/1.1 200 OK\r\n\r\n" }, { flood: megabyte, times: 100 })), {
    code: "response_too_large",
    says: "is over 1 MiB",
  }],
];

const statuses: Case[] = [
  ...[404, 410, 501].map((status): Case => [
    `answers ${status} everywhere`,
    always(json({ x: planted.body }, { status })),
    absent(status),
  ]),
  ...[400, 401, 403, 405, 451].map((status): Case => [
    `answers ${status}`,
    always(html(status, planted.body)),
    failed(status, false),
  ]),
  ...[408, 429, 500, 502, 503].map((status): Case => [
    `answers ${status}`,
    always(html(status, planted.body)),
    failed(status, true),
  ]),
  ...[301, 302, 303, 307, 308].map((status): Case => [
    `redirects to another origin by ${status}`,
    ({ elsewhere }) => redirect(status, `${elsewhere}/.well-known/openid-configuration`),
    { code: "redirect_refused", says: "redirects. Redirects aren't followed", status },
  ]),
  ["redirects to itself", ({ here }) => redirect(302, here), {
    code: "redirect_refused",
    says: "redirects",
    status: 302,
  }],
  ["breaks off", always(halfway(`{"issuer":"${planted.body}"}`, "reset")), {
    code: "network_error",
    says: "it can't be reached (",
    retryable: true,
  }],
  ["speaks no HTTP", always(raw("SSH-2.0-OpenSSH_9.2\r\n")), {
    code: "network_error",
    says: "it can't be reached",
    retryable: true,
  }],
  ["stalls", always(steps("stall")), { code: "timeout", says: "no answer within 120 ms", retryable: true }, 120],
  [
    "stalls in the middle of the document",
    always(halfway(`{"issuer":"${planted.body}"}`, "stall")),
    { code: "timeout", says: "no answer within 120 ms", retryable: true },
    120,
  ],
  [
    "sends the document byte by byte",
    ({ here }) => steps({ send: "HTTP/1.1 200 OK\r\n\r\n" }, { drip: JSON.stringify(document(here)), every: 20 }),
    { code: "timeout", says: "no answer within 120 ms", retryable: true },
    120,
  ],
];

/** The first place says one thing, the others another. */
const mixed: Case[] = [
  ["knows OpenID Connect only", first(always(html(404, "")), publishes({})), good()],
  ["answers 403 to what it doesn't know", first(always(html(403, "")), publishes({})), good()],
  ["answers 500 to what it doesn't know", first(always(html(500, "")), publishes({})), good()],
  ["answers a page to what it doesn't know", first(always(html(200, "")), publishes({})), good()],
  ["redirects what it doesn't know", first(({ elsewhere }) => redirect(302, elsewhere), publishes({})), good()],
  ["names another issuer in one place", first(publishes({ issuer: "https://x.test" }), publishes({})), good()],
  [
    "is absent in one place, and a page in the other",
    first(always(html(404, "")), always(html(200, ""))),
    invalid(page),
  ],
  ["is a page in one place, and down in the other", first(always(html(200, "")), always(html(503, ""))), {
    code: "config_store_failed",
    says: "/.well-known/oauth-authorization-server is a web page, not metadata; " +
      "/.well-known/openid-configuration answered 503. Try again later.",
    status: 503,
    retryable: true,
  }],
];

function first(one: Case[1], other: Case[1]): Case[1] {
  return (places, request) => (isFirst(request) ? one : other)(places, request);
}

function type(contentType: string) {
  return { headers: { "content-type": contentType } };
}

/** A thousandth of it goes over the wire. */
const bomb = await gzipped("{", 10_485_760);
const compressed: Case[] = [
  ["answers 10 MB, compressed", always(answer(bomb, { headers: { "content-encoding": "gzip" } })), {
    code: "response_too_large",
    says: "is over 1 MiB",
  }],
];

export const metadataCases: readonly Case[] = [...documents, ...bodies, ...statuses, ...mixed, ...compressed];
