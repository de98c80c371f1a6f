/** What an API may answer without a token, or publish, and how the lookup must end. @module */

import { halfway, html, json, raw, redirect, steps } from "../faults/behaviours.ts";
import { planted } from "../faults/planted.ts";
import type { Behaviour } from "../servers/fault_server.ts";
import { always, type Behave, type Case, invalid, late, type Places, unreachable } from "./published_cases.ts";

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
const unexpected = invalid("include none of the expected issuers");
const noHeader = invalid("accepts no token in a header");
const notRequested = invalid("the location in its challenge isn't on its own origin, and wasn't requested; ");

const documents: Case[] = [
  ["publishes every field", publishes(all), { metadata: all }],
  [
    "publishes strings for arrays",
    publishes({ scopes_supported: "a b", bearer_methods_supported: "body", jwks_uri: ["https://x.test"] }),
    {},
  ],
  [
    "publishes fields of other types",
    publishes({ scopes_supported: ["a", 7], dpop_bound_access_tokens_required: "true", resource_name: { a: 1 } }),
    {},
  ],
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
/** Spellings of `resource` that aren't accepted. */
const otherResources: Record<string, (places: Places) => string> = {
  "another one": () => "https://evil.example.com/mcp",
  "one beside it": ({ origin }) => `${origin}/mc`,
  "one below it": ({ url }) => `${url}/tenant`,
  "one with a query": ({ url }) => `${url}?tenant=1`,
  "one with a fragment": ({ url }) => `${url}#`,
  "one with a space": ({ url }) => ` ${url}`,
  "itself with backslashes": replaced("//", "\\\\"),
  "itself with too many slashes": replaced("//", "///victim/..//"),
  "itself with an empty user": replaced("//", "//@"),
  "localhost": replaced("127.0.0.1", "localhost"),
  "itself by https": replaced("http:", "https:"),
  ...Object.fromEntries(
    [
      "/victim/../mcp",
      "/victim/%2e%2e/mcp",
      "/victim/.%2E/mcp",
      "\\victim\\..\\mcp",
      "/./mcp",
      "/mcp?",
      "/mcp/.",
      "//../mcp",
    ]
      .map((path) => [`itself as ${path}`, ({ origin }: Places) => origin + path]),
  ),
};
/** Those that are; token requests use them as they are. */
const acceptedResources: Record<string, (places: Places) => string> = {
  "its origin": ({ origin }) => origin,
  "its origin, and a slash": ({ origin }) => `${origin}/`,
  "itself, and a slash": ({ url }) => `${url}/`,
  "itself in capitals": replaced("http", "HTTP"),
};
/** Values of `authorization_servers` that don't include the expected issuer. */
const otherServers: Record<string, (places: Places) => unknown> = {
  "nothing": () => undefined,
  "an empty list": () => [],
  "a string": ({ issuer }) => issuer,
  "objects": ({ issuer }) => [{ issuer }],
  "another issuer": ({ elsewhere }) => [elsewhere],
  "longer issuers": ({ issuer }) => [`${issuer}.evil.test`, `${issuer}/${planted.body}`],
  "the issuer in capitals": ({ issuer }) => [issuer.replace("http", "HTTP")],
};

const names: Case[] = [
  ...Object.entries(otherResources).map(([name, resource]): Case => [
    `names as its resource ${name}`,
    publishes((places) => ({ resource: resource(places) })),
    otherResource,
  ]),
  ...Object.entries(acceptedResources).map(([name, resource]): Case => [
    `names as its resource ${name}`,
    publishes((places) => ({ resource: resource(places) })),
    { metadata: (places) => ({ resource: resource(places) }) },
  ]),
  ...Object.entries(otherServers).map(([name, servers]): Case => [
    `names as its authorization servers ${name}`,
    publishes((places) => ({ authorization_servers: servers(places) })),
    unexpected,
  ]),
];

const locations: Case[] = [
  ["publishes for the whole server", publishes(atOrigin, wellKnown), {
    metadata: atOrigin,
    requests: ["/mcp", usual, wellKnown],
  }],
  [
    "publishes another resource for the path, a good one for the server",
    (places, { path }) =>
      json({ ...resourceDocument(places), resource: places.origin + (path === wellKnown ? "" : "/other") }),
    { metadata: atOrigin, requests: ["/mcp", usual, wellKnown] },
  ],
  ["names its location", locatedAt(({ origin }) => `${origin}/metadata`), { requests: ["/mcp", "/metadata"] }],
  [
    "names its location and scopes",
    challenges(({ origin }) => `Basic realm="x", DPoP a=b, scope="a  b", resource_metadata="${origin}/metadata"`),
    { requests: ["/mcp", "/metadata"], scopes: ["a", "b"] },
  ],
  [
    "publishes for the whole server in a location of its own",
    publishes(atOrigin, "/mcp/metadata", ({ url }) => `Bearer resource_metadata="${url}/metadata"`),
    invalid("the location in its challenge names another resource; "),
  ],
  ...["X", "/../oauth-protected-resourceX", "/..%2fmine", "/mcp/..%2f", "?mcp"].map((end): Case => [
    `publishes for the whole server in a location like a well-known one (${end})`,
    (places, { path }) =>
      path === wellKnown || path === usual
        ? json({}, { status: 404 })
        : path.startsWith(wellKnown)
        ? json({ ...resourceDocument(places), ...atOrigin(places) })
        : challenge(`Bearer resource_metadata="${places.origin}${wellKnown}${end}"`),
    invalid("the location in its challenge names another resource; "),
  ]),
  [
    "names the well-known location of the whole server",
    publishes(atOrigin, wellKnown, ({ origin }) => `Bearer resource_metadata="${origin}${wellKnown}"`),
    { metadata: atOrigin, requests: ["/mcp", wellKnown] },
  ],
  ["names the usual location", locatedAt(({ origin }) => origin + usual, usual), { requests: ["/mcp", usual] }],
  [
    "names a wrong location",
    locatedAt(({ origin }) => `${origin}/nowhere`, usual),
    { requests: ["/mcp", "/nowhere", usual] },
  ],
  [
    "names a location of another origin, and has the usual one",
    locatedAt(({ elsewhere }) => elsewhere + usual, usual),
    { requests: ["/mcp", usual] },
  ],
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
  ].map((text): Case => [
    `answers with the challenge ${text.slice(0, 40)}`,
    challenges(text, usual),
    { requests: ["/mcp", usual] },
  ]),
  ...[200, 204, 302, 403, 404, 405, 429, 500, 503].map((status): Case => [
    `answers ${status} without a token`,
    (places, { path }) =>
      path !== "/mcp"
        ? json(resourceDocument(places))
        : status === 302
        ? redirect(302, places.elsewhere)
        : challenge("", status),
    {},
  ]),
  [
    "streams endlessly without a token",
    (places, { path }) =>
      path !== "/mcp" ? json(resourceDocument(places)) : steps(
        { send: "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" },
        { flood: ": \n\n", times: 10 },
        "stall",
      ),
    {},
  ],
  [
    "doesn't answer without a token",
    (places, { path }) => path === "/mcp" ? steps("stall") : json(resourceDocument(places)),
    { requests: ["/mcp", usual] },
    400,
  ],
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
