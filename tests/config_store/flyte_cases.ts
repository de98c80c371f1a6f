/** What a Flyte platform may publish, and how its store must end. @module */

import { answer, html, json, steps } from "../faults/behaviours.ts";
import { planted } from "../faults/planted.ts";
import type { ArrivedRequest, Behaviour } from "../servers/fault_server.ts";
import { alike, type Behave, type Case, fails, type Fields } from "./published_cases.ts";

const tokenEndpoint = "https://login.example.com/oauth2/token";
const issuer = "https://login.example.com";
/** The settings of a good platform. */
export const flyteSettings = { tokenEndpoint, issuer, scopes: ["all"], headerKey: "flyte-authorization" };
export const flyteMetadata = { issuer, token_endpoint: tokenEndpoint, note: planted.body };
const client = { scopes: ["all"], authorization_metadata_key: "flyte-authorization", audience: "", note: planted.body };
const notFound = json({ error: planted.body }, { status: 404 });
const page = html(200, planted.body);

const isMetadata = ({ path }: ArrivedRequest) => /oauth-authorization-server|GetOAuth2Metadata/.test(path);
const isRpc = ({ path }: ArrivedRequest) => path.startsWith("/flyteidl2.");

/** A good platform's answers to all but requests for its metadata. */
export const otherThanMetadata = (request: ArrivedRequest) => isMetadata(request) ? undefined : json(client);
const metadataIs = (over: Fields): Behave => (_, request) =>
  otherThanMetadata(request) ?? json({ ...flyteMetadata, ...over });
const hasEndpoint = (token_endpoint: unknown) => metadataIs({ token_endpoint });
const clientIs = (behaviour: Behaviour, byRpc = behaviour): Behave => (_, request) =>
  isMetadata(request) ? json(flyteMetadata) : isRpc(request) ? byRpc : behaviour;
const clientSays = (over: Fields) => clientIs(json({ ...client, ...over }));

const login = "https://a:b@x.test/";
const endpoints = ["//evil.test/token", undefined, "", [tokenEndpoint], "file:///x", login, planted.body];
const elsewhere = `http://x.test/${planted.body}`;
const own: Case[2] = { metadata: ({ origin }) => ({ tokenEndpoint: `${origin}/oauth2/token` }) };
const camelCase = { scopes: ["all"], authorizationMetadataKey: "Flyte-Authorization" };
const refused: Case[2] = { code: "config_store_failed", says: "(overrides), and any proxy in front", status: 403 };
const isDown: Case[2] = { ...refused, says: "/config/v1/flyte_client answered 503; ", status: 503, retryable: true };
const service = "/flyteidl2.auth.AuthMetadataService";
const nowhere = `/.well-known/oauth-authorization-server answered 404; ${service}/GetOAuth2Metadata answered 404`;
const audience = "https://flyte.test";

export const flyteCases: readonly Case[] = [
  ...alike({ metadata: { issuer: undefined } }, {
    "has null for its issuer": metadataIs({ issuer: null }),
    "has an empty issuer": metadataIs({ issuer: "" }),
    "has a list for its issuer": metadataIs({ issuer: [issuer] }),
  }),
  ...alike({}, {
    "publishes both spellings, one empty": metadataIs({ token_endpoint: "", tokenEndpoint }),
    "has client settings in camelCase": clientIs(json(camelCase)),
    "is a console in front of Flyte 2": (_, request) =>
      isRpc(request) ? json(isMetadata(request) ? flyteMetadata : client) : page,
  }),
  ["has its own path for tokens", hasEndpoint("/oauth2/token"), own],
  ...endpoints.map((url): Case => [`has the token endpoint ${url}`, hasEndpoint(url), fails.noEndpoint]),
  ["has an http: token endpoint elsewhere", hasEndpoint(elsewhere), fails.insecure],
  ["has an audience", clientSays({ audience }), { metadata: { audience } }],
  ...alike({ metadata: { scopes: undefined, headerKey: undefined } }, {
    "has empty client settings": clientIs(json({})),
    "has client settings without values": clientSays({ scopes: [], authorization_metadata_key: "" }),
    "has no client settings": clientIs(notFound),
    "implements no client settings": clientIs(json({}, { status: 501 })),
    "takes no POST for client settings": clientIs(notFound, answer("", { status: 405 })),
  }),
  ...alike(fails.invalid("holds no scopes that can be used"), {
    "has a text for scopes": clientSays({ scopes: `all ${planted.body}` }),
    "has numbers for scopes": clientSays({ scopes: [1] }),
  }),
  ["has scopes with spaces", clientSays({ scopes: ["all offline"] }), fails.invalid("overrides.scopes")],
  ["has a list of audiences", clientSays({ audience: [planted.body] }), fails.invalid("holds no audience")],
  ...alike(fails.invalid("holds no authorization_metadata_key that can be used"), {
    "has a header with a line break": clientSays({ authorization_metadata_key: `a\r\n${planted.body}: b` }),
    "has a list of headers": clientSays({ authorization_metadata_key: ["a"] }),
  }),
  ["has a page for client settings", clientIs(page), fails.invalid("is a web page, not metadata; ")],
  ["is down at client settings", clientIs(json({}, { status: 503 })), isDown],
  ["refuses to send client settings", clientIs(json({}, { status: 403 })), refused],
  ["stalls at client settings", clientIs(steps("stall")), fails.late],
  ["is the console", page, fails.invalid("it may be that of the console")],
  ["isn't there", notFound, { code: "config_not_found", says: nowhere }],
];
