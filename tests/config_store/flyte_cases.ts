/** What a Flyte platform may publish, and how its store must end. @module */

import { answer, html, json, steps } from "../faults/behaviours.ts";
import { planted } from "../faults/planted.ts";
import type { ArrivedRequest, Behaviour } from "../servers/fault_server.ts";
import { always, type Behave, type Case, insecure, invalid, late, noEndpoint } from "./published_cases.ts";

const tokenEndpoint = "https://login.example.com/oauth2/token";
const issuer = "https://login.example.com";
/** The settings of a good platform. */
export const flyteSettings = { tokenEndpoint, issuer, scopes: ["all"], headerKey: "flyte-authorization" };
export const flyteMetadata = { issuer, token_endpoint: tokenEndpoint, note: planted.body };
const client = { scopes: ["all"], authorization_metadata_key: "flyte-authorization", audience: "", note: planted.body };
const notFound = json({ error: planted.body }, { status: 404 });

const isMetadata = ({ path }: ArrivedRequest) => /oauth-authorization-server|GetOAuth2Metadata/.test(path);
const isRpc = ({ path }: ArrivedRequest) => path.startsWith("/flyteidl2.");

/** A good platform's answers to all but requests for its metadata. */
export const otherThanMetadata = (request: ArrivedRequest) => isMetadata(request) ? undefined : json(client);
const metadataIs = (over: Record<string, unknown>): Behave => (_, request) =>
  otherThanMetadata(request) ?? json({ ...flyteMetadata, ...over });
const clientIs = (behaviour: Behaviour): Behave => (_, request) =>
  isMetadata(request) ? json(flyteMetadata) : behaviour;
const clientSays = (over: Record<string, unknown>) => clientIs(json({ ...client, ...over }));

const none = { metadata: { scopes: undefined, headerKey: undefined } };
const noScopes = invalid("holds no scopes that can be used");
const noHeader = invalid("holds no authorization_metadata_key that can be used");

export const flyteCases: readonly Case[] = [
  ["has null for its issuer", metadataIs({ issuer: null }), { metadata: { issuer: undefined } }],
  ["has a list for its issuer", metadataIs({ issuer: [issuer] }), { metadata: { issuer: undefined } }],
  ["publishes both spellings, one empty", metadataIs({ token_endpoint: "", tokenEndpoint }), {}],
  [
    "has its own path for tokens",
    metadataIs({ token_endpoint: "/oauth2/token" }),
    { metadata: ({ origin }) => ({ tokenEndpoint: `${origin}/oauth2/token` }) },
  ],
  ...["//evil.test/token", undefined, "", [tokenEndpoint], "file:///etc/passwd", "https://a:b@x.test/", planted.body]
    .map((token_endpoint): Case => [
      `has the token endpoint ${Deno.inspect(token_endpoint)}`,
      metadataIs({ token_endpoint }),
      noEndpoint,
    ]),
  ["has an http: token endpoint elsewhere", metadataIs({ token_endpoint: `http://x.test/${planted.body}` }), insecure],
  [
    "has client settings in camelCase",
    clientIs(json({ scopes: ["all"], authorizationMetadataKey: "Flyte-Authorization" })),
    {},
  ],
  ["has empty client settings", clientIs(json({})), none],
  ["has an audience", clientSays({ audience: "https://flyte.test" }), { metadata: { audience: "https://flyte.test" } }],
  ["has a text for scopes", clientSays({ scopes: `all ${planted.body}` }), noScopes],
  ["has scopes with spaces", clientSays({ scopes: ["all offline"] }), invalid("overrides.scopes")],
  ["has numbers for scopes", clientSays({ scopes: [1] }), noScopes],
  ["has a list of audiences", clientSays({ audience: [planted.body] }), invalid("holds no audience")],
  ["has a header with a line break", clientSays({ authorization_metadata_key: `a\r\n${planted.body}: b` }), noHeader],
  ["has a list of headers", clientSays({ authorization_metadata_key: ["a"] }), noHeader],
  ["has a page for client settings", clientIs(html(200, planted.body)), invalid("is a web page, not metadata; ")],
  ["has no client settings", clientIs(notFound), none],
  [
    "takes no POST for client settings",
    (_, request) => isMetadata(request) ? json(flyteMetadata) : isRpc(request) ? answer("", { status: 405 }) : notFound,
    none,
  ],
  ["refuses to send client settings", clientIs(json({}, { status: 403 })), {
    code: "config_store_failed",
    says: "(overrides), and any proxy in front",
    status: 403,
  }],
  ["stalls at client settings", clientIs(steps("stall")), late, 120],
  [
    "is a console in front of Flyte 2",
    (_, request) => isRpc(request) ? json(isMetadata(request) ? flyteMetadata : client) : html(200, planted.body),
    {},
  ],
  ["is the console", always(html(200, planted.body)), invalid("it may be that of the console")],
  ["isn't there", always(notFound), { code: "config_not_found", says: "it may run without authentication" }],
];
