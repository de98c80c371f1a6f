/**
 * What may stand where a Flyte platform is looked for, and how its store must end.
 *
 * @module
 */

import type { AuthenticationErrorCode, ClientConfig } from "@m2m/authenticator";
import { answer, html, json, jsonText, raw, redirect, steps } from "../faults/behaviours.ts";
import { planted } from "../faults/planted.ts";
import type { ArrivedRequest, Behaviour } from "../servers/fault_server.ts";

export interface Places {
  /** The platform's origin. */
  here: string;
  /** A server of another origin, which nothing may reach. */
  elsewhere: string;
}

export interface Failure {
  code: AuthenticationErrorCode;
  says: string;
  retryable?: boolean;
}

/** Sentence, what the platform does with a request, the settings or the failure, and the deadline in milliseconds. */
export type Case = [
  name: string,
  behaviour: (places: Places, request: ArrivedRequest) => Behaviour,
  end: Partial<ClientConfig> | Failure,
  timeout?: number,
];

const tokenEndpoint = "https://login.example.com/oauth2/token";
const issuer = "https://login.example.com";
const usual = { tokenEndpoint, issuer, scopes: ["all"], headerKey: "flyte-authorization" };
const metadata = { issuer, token_endpoint: tokenEndpoint, note: planted.body };
const client = { scopes: ["all"], authorization_metadata_key: "flyte-authorization", audience: "", note: planted.body };
const notFound = json({ error: planted.body }, { status: 404 });

const isMetadata = ({ path }: ArrivedRequest) => /oauth-authorization-server|GetOAuth2Metadata/.test(path);
const isRpc = ({ path }: ArrivedRequest) => path.startsWith("/flyteidl2.");

/** A good platform but for its metadata, in both ways. */
const metadataIs = (behaviour: Behaviour | ((places: Places) => Behaviour)): Case[1] => (places, request) =>
  !isMetadata(request) ? json(client) : typeof behaviour === "function" ? behaviour(places) : behaviour;
const metadataSays = (over: Record<string, unknown>) => metadataIs(json({ ...metadata, ...over }));
/** A good platform but for what it says to clients, in both ways. */
const clientIs = (behaviour: Behaviour): Case[1] => (_, request) => isMetadata(request) ? json(metadata) : behaviour;
const clientSays = (over: Record<string, unknown>) => clientIs(json({ ...client, ...over }));
const everywhere = (behaviour: Behaviour): Case[1] => () => behaviour;

const invalid = (says: string): Failure => ({ code: "invalid_config", says });
const noEndpoint = invalid("names no token_endpoint that is an absolute URL");
const page = invalid("is a web page, not metadata; ");
const megabytes = "x".repeat(10_485_760);

const documents: Case[] = [
  ["publishes what it should", metadataSays({}), usual],
  ["publishes fields nobody knows", metadataSays({ x: { y: [1] }, constructor: 1, toString: [] }), usual],
  ["publishes null where nothing is set", metadataSays({ issuer: null }), { ...usual, issuer: undefined }],
  ["publishes no issuer but a list", metadataSays({ issuer: [issuer] }), { ...usual, issuer: undefined }],
  [
    "publishes both spellings, one of them empty",
    metadataSays({ token_endpoint: "", tokenEndpoint }),
    usual,
  ],
  [
    "publishes a path of its own for tokens",
    (places, request) => metadataSays({ token_endpoint: "/oauth2/token" })(places, request),
    { ...usual, tokenEndpoint: "{here}/oauth2/token" },
  ],
  [
    "names a host without a scheme as its token endpoint",
    metadataSays({ token_endpoint: "//evil.test/token" }),
    noEndpoint,
  ],
  ["names no token endpoint", metadataSays({ token_endpoint: undefined }), noEndpoint],
  ["names an empty token endpoint", metadataSays({ token_endpoint: "" }), noEndpoint],
  ["names a list of token endpoints", metadataSays({ token_endpoint: [tokenEndpoint] }), noEndpoint],
  ["names a file as its token endpoint", metadataSays({ token_endpoint: "file:///etc/passwd" }), noEndpoint],
  ["names a token endpoint with a password", metadataSays({ token_endpoint: "https://a:b@x.test/" }), noEndpoint],
  ["names a word as its token endpoint", metadataSays({ token_endpoint: planted.body }), noEndpoint],
  ["names an http: token endpoint elsewhere", metadataSays({ token_endpoint: `http://x.test/${planted.body}` }), {
    code: "insecure_endpoint",
    says: "names an http: token_endpoint",
  }],
];

const clients: Case[] = [
  ["says it in camelCase", clientIs(json({ scopes: ["all"], authorizationMetadataKey: "Flyte-Authorization" })), usual],
  ["says nothing that is set", clientIs(json({})), { tokenEndpoint, issuer }],
  ["says an audience", clientSays({ audience: "https://flyte.test" }), { ...usual, audience: "https://flyte.test" }],
  [
    "says a text for its scopes",
    clientSays({ scopes: `all ${planted.body}` }),
    invalid("holds no scopes that can be used"),
  ],
  ["says scopes with spaces", clientSays({ scopes: ["all offline"] }), invalid("say it yourself (overrides.scopes)")],
  ["says numbers for its scopes", clientSays({ scopes: [1] }), invalid("holds no scopes that can be used")],
  ["says a list of audiences", clientSays({ audience: [planted.body] }), invalid("holds no audience that can be used")],
  [
    "says a header with a line break",
    clientSays({ authorization_metadata_key: `a\r\n${planted.body}: b` }),
    invalid(
      "holds no authorization_metadata_key that can be used. Have the platform mend it, or say it yourself (overrides.headerKey)",
    ),
  ],
  [
    "says a list of headers",
    clientSays({ authorization_metadata_key: ["a"] }),
    invalid("holds no authorization_metadata_key"),
  ],
  ["has a page where it tells clients", clientIs(html(200, planted.body)), page],
  ["says nothing to clients, in any way", clientIs(notFound), { tokenEndpoint, issuer }],
  [
    "takes no POST where it tells clients",
    (_, request) => isMetadata(request) ? json(metadata) : isRpc(request) ? answer("", { status: 405 }) : notFound,
    { tokenEndpoint, issuer },
  ],
  ["keeps what it tells clients to itself", clientIs(json({}, { status: 403 })), {
    code: "config_store_failed",
    says: "Check the endpoint, or say scopes, audience and headerKey yourself (overrides), and any proxy in front",
  }],
];

const bodies: Case[] = [
  [
    "says that its JSON is text",
    metadataIs(answer(JSON.stringify(metadata), { headers: { "content-type": "text/plain" } })),
    usual,
  ],
  [
    "says that its JSON is HTML",
    metadataIs(answer(JSON.stringify(metadata), { headers: { "content-type": "text/html" } })),
    page,
  ],
  ["is the console", everywhere(html(200, planted.body)), invalid("it may be that of the console")],
  [
    "is a console in front of Flyte 2",
    (_, request) => !isRpc(request) ? html(200, planted.body) : json(isMetadata(request) ? metadata : client),
    usual,
  ],
  ["answers nothing", everywhere(answer("")), invalid("is empty")],
  ["answers a list", everywhere(json([planted.body])), invalid("is no JSON object")],
  ["answers half a document", everywhere(jsonText(`{"issuer":"${planted.body}`)), invalid("is no JSON object")],
  ["answers 10 MB", everywhere(jsonText(megabytes)), { code: "response_too_large", says: "is over 1 MiB" }],
  [
    "redirects to another origin",
    ({ elsewhere }) => redirect(307, `${elsewhere}/${planted.body}`),
    { code: "redirect_refused", says: "redirects. Redirects aren't followed: write the endpoint that it leads to" },
  ],
  ["speaks no HTTP", everywhere(raw("SSH-2.0-OpenSSH_9.2\r\n")), {
    code: "network_error",
    says: "it can't be reached (",
    retryable: true,
  }],
  ["isn't there", everywhere(notFound), { code: "config_not_found", says: "it may run without authentication" }],
  ["asks to be left alone", everywhere(json({}, { status: 429, headers: { "retry-after": "7" } })), {
    code: "config_store_failed",
    says: "Try again later",
    retryable: true,
  }],
  ["stalls", everywhere(steps("stall")), { code: "timeout", says: "no answer within 120 ms", retryable: true }, 120],
  [
    "stalls where it tells clients",
    clientIs(steps("stall")),
    { code: "timeout", says: "no answer within 120 ms", retryable: true },
    120,
  ],
];

export const flyteCases: readonly Case[] = [...documents, ...clients, ...bodies];
