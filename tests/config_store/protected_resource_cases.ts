/** What an API may answer without a token, or publish, and how the lookup must end. @module */

import { halfway, html, json, raw, redirect, steps } from "../faults/behaviours.ts";
import { planted } from "../faults/planted.ts";
import type { Behaviour } from "../servers/fault_server.ts";
import { alike, type Behave, type By, type Case, fails, type Fields, type Places, resolve } from "./published_cases.ts";

const wellKnown = "/.well-known/oauth-protected-resource";
const usual = `${wellKnown}/mcp`;

/** The answer to a request without a token. */
export function challenge(text: string, status = 401): Behaviour {
  const header = text === "" ? "" : `www-authenticate: ${text}\r\n`;
  return raw(`HTTP/1.1 ${status} X\r\n${header}content-length: 0\r\nconnection: close\r\n\r\n`);
}

/** Publishes a document in one location only. */
function publishes(over: By<Fields>, location = usual, text: By<string> = "Bearer"): Behave {
  return (places, { path }) => {
    if (path === location) return json({ ...places.document, ...resolve(over, places) });
    return path === "/mcp" ? challenge(resolve(text, places)) : json({}, { status: 404 });
  };
}
/** Challenges requests without a token by this text. */
const challenges = (text: By<string>, location = "/metadata") => publishes({}, location, text);
const locatedAt = (url: By<string>, location?: string) =>
  challenges((places) => `Bearer resource_metadata="${resolve(url, places)}"`, location);
/** Publishes a good document everywhere, and answers so to requests without a token. */
const withoutToken = (behaviour: By<Behaviour>): Behave => (places, { path }) =>
  path === "/mcp" ? resolve(behaviour, places) : json(places.document);
/** One behaviour for each of these. */
const each = <T>(values: T[], name: (value: T) => string, make: (value: T) => Behave) =>
  Object.fromEntries(values.map((value) => [name(value), make(value)]));
const ok = { send: "HTTP/1.1 200 OK\r\n\r\n" };
const likeWellKnown = ["X", "/../oauth-protected-resourceX", "/..%2fmine", "/mcp/..%2f", "?mcp"];
const statuses = [200, 204, 403, 404, 405, 429, 500, 503];
/** The document of the whole server. */
const atOrigin = ({ origin }: Places) => ({ resource: origin });

const all = {
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
};
const strings = { scopes_supported: "a b", bearer_methods_supported: "body", jwks_uri: ["https://x.test"] };
const others = { scopes_supported: ["a", 7], dpop_bound_access_tokens_required: "true", resource_name: { a: 1 } };
const noResources = [undefined, null, ["https://api.test"], "/mcp", "https://a:b@x.test/mcp"];
const noResource = fails.invalid("names no resource that is an absolute URL");
const documents: Case[] = [
  ["publishes every field", publishes(all), { metadata: all }],
  ...alike({}, {
    "publishes strings for arrays, and an array": publishes(strings),
    "publishes fields of other types": publishes(others),
    "publishes an http: URL for its keys": publishes({ jwks_uri: "http://keys.example.com/" }),
    "publishes null for fields": publishes({ jwks_uri: null, scopes_supported: null }),
  }),
  ...alike(fails.invalid("accepts no token in a header"), {
    "accepts tokens in a body only": publishes({ bearer_methods_supported: ["body"] }),
    "accepts no tokens": publishes({ bearer_methods_supported: [] }),
  }),
  ...noResources.map((url): Case => [`names the resource ${url}`, publishes({ resource: url }), noResource]),
];

const replaced = (from: string, to: string) => ({ url }: Places) => url.replace(from, to);
const appended = (end: string) => ({ url }: Places) => url + end;
const atPath = (path: string) => ({ origin }: Places) => origin + path;
type Table = Record<string, (places: Places) => unknown>;

/** Spellings of `resource` that aren't accepted. */
const otherResources: Table = {
  "another one": () => "https://evil.example.com/mcp",
  "one beside it": atPath("/mc"),
  "one below it": appended("/tenant"),
  "one with a query": appended("?tenant=1"),
  "one with a fragment": appended("#"),
  "one with a space": ({ url }) => ` ${url}`,
  "itself with backslashes": replaced("//", "\\\\"),
  "itself with too many slashes": replaced("//", "///victim/..//"),
  "itself with an empty user": replaced("//", "//@"),
  "localhost": replaced("127.0.0.1", "localhost"),
  "itself by https": replaced("http:", "https:"),
};
const unresolved = ["/victim/../mcp", "/victim/%2e%2e/mcp", "/victim/.%2E/mcp", "\\victim\\..\\mcp", "/./mcp", "/mcp?"];
for (const path of [...unresolved, "/mcp/.", "//../mcp"]) otherResources[`itself as ${path}`] = atPath(path);
/** Those that are; token requests use them as they are. */
const acceptedResources: Table = {
  "its origin": atPath(""),
  "its origin, and a slash": atPath("/"),
  "itself, and a slash": appended("/"),
  "itself in capitals": replaced("http", "HTTP"),
};
/** Values of `authorization_servers` that don't include the expected issuer. */
const otherServers: Table = {
  "nothing": () => undefined,
  "an empty list": () => [],
  "a string": ({ issuer }) => issuer,
  "objects": ({ issuer }) => [{ issuer }],
  "another issuer": ({ elsewhere }) => [elsewhere],
  "longer issuers": ({ issuer }) => [`${issuer}.evil.test`, `${issuer}/${planted.body}`],
  "the issuer in capitals": ({ issuer }) => [issuer.replace("http", "HTTP")],
};
const withField = (field: string, table: Table, end?: Case[2]) =>
  Object.entries(table).map(([what, value]): Case => {
    const over = (places: Places) => ({ [field]: value(places) });
    return [`names as its ${field} ${what}`, publishes(over), end ?? { metadata: over }];
  });
const names: Case[] = [
  ...withField("resource", otherResources, fails.invalid(`${usual} names another resource`)),
  ...withField("resource", acceptedResources),
  ...withField("authorization_servers", otherServers, fails.invalid("name none of the issuers that are expected")),
];

/** Publishes for the whole server in a location like a well-known one only. */
const misplaced = (end: string): Behave => (places, { path }) => {
  if (path === wellKnown || path === usual) return json({}, { status: 404 });
  if (path.startsWith(wellKnown)) return json({ ...places.document, ...atOrigin(places) });
  return challenge(`Bearer resource_metadata="${places.origin}${wellKnown}${end}"`);
};
const ofItsOwn = ({ url }: Places) => `Bearer resource_metadata="${url}/metadata"`;
const ofTheServer = ({ origin }: Places) => `Bearer resource_metadata="${origin}${wellKnown}"`;
const manySchemes = ({ origin }: Places) =>
  `Basic realm="x", DPoP a=b, scope="a  b", resource_metadata="${origin}/metadata"`;
const withPassword = ({ origin }: Places) => `${origin.replace("//", `//a:${planted.token}@`)}/metadata`;
const forAll = { metadata: atOrigin, requests: ["/mcp", wellKnown] };
const isNowhere = `${usual} answered 404; ${wellKnown} answered 404. Check the API's URL`;
const atUsual = { requests: ["/mcp", usual] };
const unusableLocations = ["metadata", "/metadata", "", "data:application/json,{}", "file:///x", "http://", "\\u0000"];
const unusableChallenges = [
  ...["", "Jwt is missing", '"', 'Bearer resource_metadata="', 'Bearer scope="a\\\\"b", scope=\'x\''],
  ...['Bearer scope="\\"a\\" b"', 'Bearer scope=""', ",=,=,", `Bearer realm="${"x, ".repeat(1_000)}"`],
];
const locations: Case[] = [
  ...alike({ metadata: atOrigin, requests: ["/mcp", usual, wellKnown] }, {
    "publishes for the whole server": publishes(atOrigin, wellKnown),
    "publishes another resource for the path, a good one for the server": ({ document, origin }, { path }) =>
      json({ ...document, resource: origin + (path === wellKnown ? "" : "/other") }),
  }),
  ["names its location", locatedAt(atPath("/metadata")), { requests: ["/mcp", "/metadata"] }],
  ["names its location and scopes", challenges(manySchemes), { requests: ["/mcp", "/metadata"], scopes: ["a", "b"] }],
  ...alike(fails.invalid("the location in its challenge names another resource; "), {
    "publishes for the whole server in a location of its own": publishes(atOrigin, "/mcp/metadata", ofItsOwn),
    ...each(likeWellKnown, (end) => `publishes for the whole server in a well-known place (${end})`, misplaced),
  }),
  ["names the well-known location of the whole server", publishes(atOrigin, wellKnown, ofTheServer), forAll],
  ["names a wrong location", locatedAt(atPath("/nowhere"), usual), { requests: ["/mcp", "/nowhere", usual] }],
  ...alike(atUsual, {
    "names the usual location": locatedAt(atPath(usual), usual),
    "names another origin, and has the usual one": locatedAt(({ elsewhere }) => elsewhere + usual, usual),
    ...each(unusableChallenges, (text) => `answers with the challenge ${text}`, (text) => challenges(text, usual)),
  }),
  ...alike(fails.invalid("the location in its challenge isn't on its own origin, and wasn't requested; "), {
    "names a location of another origin only": locatedAt(({ elsewhere }) => elsewhere + usual),
    "names a location with a password": locatedAt(withPassword),
    ...each(unusableLocations, (text) => `names the location "${text}"`, (text) => locatedAt(text)),
  }),
  ...alike({}, {
    "redirects without a token": withoutToken(({ elsewhere }) => redirect(302, elsewhere)),
    ...each(statuses, (status) => `answers ${status} without a token`, (status) => withoutToken(challenge("", status))),
    "streams endlessly without a token": withoutToken(steps(ok, { flood: ": \n\n", times: 10 }, "stall")),
  }),
  ["doesn't answer without a token", withoutToken(steps("stall")), { ...atUsual, timeout: 400 }],
  ...alike(fails.unreachable, {
    "breaks off everywhere": halfway(`{"resource":"${planted.body}"}`, "reset"),
    "speaks no HTTP anywhere": raw("SSH-2.0-OpenSSH_9.2\r\n"),
  }),
  ["stalls everywhere", steps("stall"), fails.late],
  ["is a web site", html(200, planted.body), fails.invalid("it may be the address of a web site")],
  ["isn't there", json({}, { status: 404 }), { code: "config_not_found", says: isNowhere }],
];

export const protectedResourceCases: readonly Case[] = [...documents, ...names, ...locations];
