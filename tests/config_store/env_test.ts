import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { EnvClientConfigStore, envNames, type EnvOptions } from "@m2m/authenticator/config-store/env";
import { parse } from "@std/dotenv";
import { assertNothingShows, planted } from "../faults/planted.ts";

const tokenEndpoint = "https://auth.test/token";
const M2M_TOKEN_ENDPOINT = tokenEndpoint;
const name = "EnvClientConfigStore";

const all = {
  M2M_TOKEN_ENDPOINT,
  M2M_SCOPES: "api:read api:write",
  M2M_AUDIENCE: "https://api.test",
  M2M_HEADER_KEY: "X-Token",
  M2M_ISSUER: "https://auth.test",
};
const allRead = { scopes: ["api:read", "api:write"], audience: "https://api.test", headerKey: "x-token" };
const ownNames = {
  names: { ...envNames("ACME_"), tokenEndpoint: "LOGIN_URL", audience: undefined },
  env: { LOGIN_URL: tokenEndpoint, ACME_SCOPES: "a", ACME_AUDIENCE: "x", M2M_AUDIENCE: "y" },
};
const dotenv = parse(`# settings\nM2M_TOKEN_ENDPOINT=${tokenEndpoint}\nexport M2M_SCOPES="a b" # two\n`);
const scopes = {
  "a": ["a"],
  "a b": ["a", "b"],
  "a,b": ["a", "b"],
  " a , b\n": ["a", "b"],
  "a  b,,c": ["a", "b", "c"],
  " , ": [],
  "https://x.test/.default": ["https://x.test/.default"],
};
const used: Record<string, [options: EnvOptions, expected: Record<string, unknown>]> = {
  "all settings": [{ env: all }, { ...allRead, issuer: "https://auth.test" }],
  "no empty ones": [{ env: { M2M_TOKEN_ENDPOINT, M2M_SCOPES: "", M2M_AUDIENCE: undefined } }, {}],
  "names of the caller's": [ownNames, { scopes: ["a"] }],
  "a .env file": [{ env: dotenv }, { scopes: ["a", "b"] }],
};
for (const [M2M_SCOPES, read] of Object.entries(scopes)) {
  used[`the scopes ${JSON.stringify(M2M_SCOPES)}`] = [{ env: { M2M_TOKEN_ENDPOINT, M2M_SCOPES } }, { scopes: read }];
}
for (const [what, [options, expected]] of Object.entries(used)) {
  Deno.test(`${name}: reads ${what}`, () => {
    assertEquals(new EnvClientConfigStore(options).getClientConfig(), { tokenEndpoint, ...expected });
  });
}

Deno.test(`${name}: reads at each call`, () => {
  const env: Record<string, string> = {};
  const store = new EnvClientConfigStore({ env });
  for (env.M2M_TOKEN_ENDPOINT of [tokenEndpoint, "https://other.test/token"]) {
    assertEquals(store.getClientConfig().tokenEndpoint, env.M2M_TOKEN_ENDPOINT);
  }
});

Deno.test(`${name}: reads the environment of the process, by a prefix`, () => {
  const prefix = `P${crypto.randomUUID().replaceAll("-", "")}_`;
  const store = new EnvClientConfigStore({ prefix });
  Deno.env.set(`${prefix}TOKEN_ENDPOINT`, tokenEndpoint);
  try {
    assertEquals(store.getClientConfig(), { tokenEndpoint });
  } finally {
    Deno.env.delete(`${prefix}TOKEN_ENDPOINT`);
  }
});

const throwing = {
  M2M_TOKEN_ENDPOINT,
  get M2M_SCOPES(): string {
    throw new Error(planted.secret);
  },
};
const malformed: [name: string, value: unknown][] = [
  ["M2M_TOKEN_ENDPOINT", planted.secret],
  ["M2M_TOKEN_ENDPOINT", `ftp://${planted.token}`],
  ["M2M_TOKEN_ENDPOINT", 7],
  ["M2M_TOKEN_ENDPOINT", () => planted.secret],
  ["M2M_SCOPES", `a "${planted.body}`],
  ["M2M_SCOPES", `a\\${planted.body}`],
  ["M2M_SCOPES", "ä"],
  ["M2M_HEADER_KEY", `a b ${planted.body}`],
  ["M2M_ISSUER", planted.token],
];
const everyFault = {
  M2M_TOKEN_ENDPOINT: `auth.test/${planted.secret}`,
  M2M_ISSUER: `https://me:${planted.token}@auth.test`,
  M2M_SCOPES: `"${planted.body}"`,
  M2M_AUDIENCE: { text: planted.body },
  M2M_HEADER_KEY: `x: ${planted.secret}`,
};
/** What is refused; the names that the message has, in order. */
const refused: [env: object, ...says: string[]][] = [
  [everyFault, ...Object.keys(everyFault).map((name) => `${name} must be `)],
  [{ M2M_SCOPES: "a", M2M_HEADER_KEY: "a b" }, "M2M_HEADER_KEY must be ", "M2M_TOKEN_ENDPOINT is missing"],
  [throwing, ""],
  ...malformed.map(([name, value]): typeof refused[0] => [{ M2M_TOKEN_ENDPOINT, [name]: value }, `${name} must be `]),
];
for (const [env, ...says] of refused) {
  Deno.test(`${name}: refuses ${Deno.inspect(env)}, and shows no value`, () => {
    const error = assertThrows(() => new EnvClientConfigStore({ env }).getClientConfig(), AuthenticationError);
    assertNothingShows(error);
    assertEquals(error.code, "invalid_config");
    const faults = error.message.split(": ").slice(1).join(": ").split("; ");
    assertEquals(faults.map((fault, index) => fault.startsWith(says[index]!)), says.map(() => true));
  });
}

Deno.test(`${name}: has no settings where no variable is set`, () => {
  const env = { OTHER: planted.secret, M2M_TOKEN_ENDPOINT: "" };
  const error = assertThrows(() => new EnvClientConfigStore({ env }).getClientConfig(), AuthenticationError);
  assertNothingShows(error);
  assertEquals(error.code, "config_not_found");
  for (const name of Object.keys(everyFault)) assertStringIncludes(error.message, name);
});

Deno.test(`${name}: refuses wrong options`, () => {
  const wrong: [options: unknown, says: string][] = [
    [{ prefix: "A=" }, "prefix must be"],
    [{ prefix: "A ", env: {} }, "prefix must be"],
    [{ prefix: 7 }, "prefix must be"],
    [{ prefix: "A_", names: envNames() }, "pass one or the other"],
    [{ env: "A=B" }, "env must be an object"],
    [{ env: null }, "env must be an object"],
    [{ names: {} }, "names.tokenEndpoint must be"],
  ];
  for (const [options, says] of wrong) {
    assertThrows(() => new EnvClientConfigStore(options as EnvOptions), TypeError, says);
  }
});
