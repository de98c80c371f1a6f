/** What an API may answer without a token, or publish, and how the lookup must end. @module */

import { halfway, html, json, raw, redirect, steps } from "../faults/behaviours.ts";
import { planted } from "../faults/planted.ts";
import type { Behaviour } from "../servers/fault_server.ts";
import {
  always,
  type Behave,
  type Case,
  type Failure,
  invalid,
  late,
  type Places,
  unreachable,
} from "./published_cases.ts";

type Fields = Record<string, unknown>;
type By<T> = T | ((places: Places) => T);

const wellKnown = "/.well-known/oauth-protected-resource";
const usual = `${wellKnown}/mcp`;
const resolve = <T>(value: By<T>, places: Places): T => value instanceof Function ? value(places) : value;

export const resourceDocument = ({ url, issuer }: Places) => ({
  resource: url,
  authorization_servers: [issuer],
  note: planted.body,
});

/** The answer to a request without a token. */
export function challenge(text: string, status = 401): Behaviour {
  const header = text === "" ? "" : `www-authenticate: ${text}\r\n`;
  return raw(`HTTP/1.1 ${status} X\r\n${header}content-length: 0\r\nconnection: close\r\n\r\n`);
}

/** Publishes a document in one location only. */
function publishes(over: By<Fields>, location = usual, text: By<string> = "Bearer"): Behave {
  return (places, { path }) => {
    if (path === location) return json({ ...resourceDocument(places), ...resolve(over, places) });
    return path === "/mcp" ? challenge(resolve(text, places)) : json({}, { status: 404 });
  };
}
/** Challenges requests without a token by this text. */
const challenges = (text: By<string>, location = "/metadata") => publishes({}, location, text);
const locatedAt = (url: By<string>, location?: string) =>
  challenges((places) => `Bearer resource_metadata="${resolve(url, places)}"`, location);
/** Publishes a good document everywhere, and answers so to requests without a token. */
const withoutToken = (behave: (places: Places) => Behaviour): Behave => (places, { path }) =>
  path === "/mcp" ? behave(places) : json(resourceDocument(places));
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
const otherResource = invalid(`${usual} names another resource`);
const unexpected = invalid("name none of the issuers that are expected");
const noHeader = invalid("accepts no token in a header");
const otherThere = invalid("the location in its challenge names another resource; ");
const notRequested = invalid("the location in its challenge isn't on its own origin, and wasn't requested; ");

const strings = { scopes_supported: "a b", bearer_methods_supported: "body", jwks_uri: ["https://x.test"] };
const others = { scopes_supported: ["a", 7], dpop_bound_access_tokens_required: "true", resource_name: { a: 1 } };
const documents: Case[] = [
  ["publishes every field", publishes(all), { metadata: all }],
  ["publishes strings for arrays, and an array", publishes(strings), {}],
  ["publishes fields of other types", publishes(others), {}],
  ["publishes an http: URL for its keys", publishes({ jwks_uri: "http://keys.example.com/" }), {}],
  ["publishes null for fields", publishes({ jwks_uri: null, scopes_supported: null }), {}],
  ["accepts tokens in a body only", publishes({ bearer_methods_supported: ["body"] }), noHeader],
  ["accepts no tokens", publishes({ bearer_methods_supported: [] }), noHeader],
  ...[undefined, null, ["https://api.test"], "/mcp", "https://a:b@x.test/mcp"].map((resource): Case => [
    `names the resource ${Deno.inspect(resource)}`,
    publishes({ resource }),
    invalid("names no resource that is an absolute URL"),
  ]),
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
const withField = (field: string, table: Table, end?: Failure) =>
  Object.entries(table).map(([what, value]): Case => {
    const over = (places: Places) => ({ [field]: value(places) });
    return [`names as its ${field} ${what}`, publishes(over), end ?? { metadata: over }];
  });
const names: Case[] = [
  ...withField("resource", otherResources, otherResource),
  ...withField("resource", acceptedResources),
  ...withField("authorization_servers", otherServers, unexpected),
];

const atUsual = { requests: ["/mcp", usual] };
const throughout = { metadata: atOrigin, requests: ["/mcp", usual, wellKnown] };
const locations: Case[] = [
  ["publishes for the whole server", publishes(atOrigin, wellKnown), throughout],
  [
    "publishes another resource for the path, a good one for the server",
    (places, { path }) =>
      json({ ...resourceDocument(places), resource: places.origin + (path === wellKnown ? "" : "/other") }),
    throughout,
  ],
  ["names its location", locatedAt(atPath("/metadata")), { requests: ["/mcp", "/metadata"] }],
  [
    "names its location and scopes",
    challenges(({ origin }) => `Basic realm="x", DPoP a=b, scope="a  b", resource_metadata="${origin}/metadata"`),
    { requests: ["/mcp", "/metadata"], scopes: ["a", "b"] },
  ],
  [
    "publishes for the whole server in a location of its own",
    publishes(atOrigin, "/mcp/metadata", ({ url }) => `Bearer resource_metadata="${url}/metadata"`),
    otherThere,
  ],
  ...["X", "/../oauth-protected-resourceX", "/..%2fmine", "/mcp/..%2f", "?mcp"].map((end): Case => [
    `publishes for the whole server in a location like a well-known one (${end})`,
    (places, { path }) =>
      path === wellKnown || path === usual
        ? json({}, { status: 404 })
        : path.startsWith(wellKnown)
        ? json({ ...resourceDocument(places), ...atOrigin(places) })
        : challenge(`Bearer resource_metadata="${places.origin}${wellKnown}${end}"`),
    otherThere,
  ]),
  [
    "names the well-known location of the whole server",
    publishes(atOrigin, wellKnown, ({ origin }) => `Bearer resource_metadata="${origin}${wellKnown}"`),
    { metadata: atOrigin, requests: ["/mcp", wellKnown] },
  ],
  ["names the usual location", locatedAt(atPath(usual), usual), atUsual],
  ["names a wrong location", locatedAt(atPath("/nowhere"), usual), { requests: ["/mcp", "/nowhere", usual] }],
  ["names another origin, and has the usual one", locatedAt(({ elsewhere }) => elsewhere + usual, usual), atUsual],
  ["names a location of another origin only", locatedAt(({ elsewhere }) => elsewhere + usual), notRequested],
  ...["metadata", "/metadata", "", "data:application/json,{}", "file:///etc/hosts", "http://", "\\u0000"].map(
    (text): Case => [`names the location "${text}"`, locatedAt(text), notRequested],
  ),
  [
    "names a location with a password",
    locatedAt(({ origin }) => `${origin.replace("//", `//a:${planted.token}@`)}/metadata`),
    notRequested,
  ],
  ...[
    "",
    "Jwt is missing",
    '"',
    'Bearer resource_metadata="',
    'Bearer scope="a\\\\"b", scope=\'x\'',
    'Bearer scope="\\"a\\" b"',
    'Bearer scope=""',
    ",=,=,",
    `Bearer realm="${"x, ".repeat(1_000)}"`,
  ].map((text): Case => [`answers with the challenge ${text.slice(0, 40)}`, challenges(text, usual), atUsual]),
  ...[200, 204, 302, 403, 404, 405, 429, 500, 503].map((status): Case => [
    `answers ${status} without a token`,
    withoutToken(({ elsewhere }) => status === 302 ? redirect(302, elsewhere) : challenge("", status)),
    {},
  ]),
  [
    "streams endlessly without a token",
    withoutToken(() => steps({ send: "HTTP/1.1 200 OK\r\n\r\n" }, { flood: ": \n\n", times: 10 }, "stall")),
    {},
  ],
  ["doesn't answer without a token", withoutToken(() => steps("stall")), atUsual, 400],
  ["breaks off everywhere", always(halfway(`{"resource":"${planted.body}"}`, "reset")), unreachable],
  ["speaks no HTTP anywhere", always(raw("SSH-2.0-OpenSSH_9.2\r\n")), unreachable],
  ["stalls everywhere", always(steps("stall")), late, 120],
  ["is a web site", always(html(200, planted.body)), invalid("it may be the address of a web site")],
  ["isn't there", always(json({}, { status: 404 })), {
    code: "config_not_found",
    says: `${usual} answered 404; ${wellKnown} answered 404. Check the API's URL`,
  }],
];

export const protectedResourceCases: readonly Case[] = [...documents, ...names, ...locations];
