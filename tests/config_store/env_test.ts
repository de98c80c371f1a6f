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
const ownNames = { ...envNames("ACME_"), tokenEndpoint: "LOGIN_URL", audience: undefined };
const own = { LOGIN_URL: tokenEndpoint, ACME_SCOPES: "a", ACME_AUDIENCE: "x", M2M_AUDIENCE: "y" };
const dotenv = parse(`# settings\nM2M_TOKEN_ENDPOINT=${tokenEndpoint}\nexport M2M_SCOPES="a b" # two\n`);
const withScopes = (M2M_SCOPES: string) => ({ env: { M2M_TOKEN_ENDPOINT, M2M_SCOPES } });
const used: [options: EnvOptions, expected: Record<string, unknown>][] = [
  [{ env: all }, { ...allRead, issuer: "https://auth.test" }],
  [{ env: { M2M_TOKEN_ENDPOINT, M2M_SCOPES: "", M2M_AUDIENCE: undefined } }, {}],
  [{ names: ownNames, env: own }, { scopes: ["a"] }],
  [{ env: dotenv }, { scopes: ["a", "b"] }],
  [withScopes("a"), { scopes: ["a"] }],
  ...["a b", "a,b", " a , b\n"].map((text): typeof used[0] => [withScopes(text), { scopes: ["a", "b"] }]),
  [withScopes("a  b,,c"), { scopes: ["a", "b", "c"] }],
  [withScopes(" , "), { scopes: [] }],
  [withScopes("https://x.test/.default"), { scopes: ["https://x.test/.default"] }],
];
for (const [options, expected] of used) {
  Deno.test(`${name}: reads ${JSON.stringify(options)}`, () => {
    assertEquals(new EnvClientConfigStore(options).getClientConfig(), { tokenEndpoint, ...expected });
  });
}

Deno.test(`${name}: reads the environment of the process at each call, by a prefix`, () => {
  const prefix = `P${crypto.randomUUID().replaceAll("-", "")}_`;
  const variable = `${prefix}TOKEN_ENDPOINT`;
  const store = new EnvClientConfigStore({ prefix });
  try {
    for (const tokenEndpoint of ["https://auth.test/token", "https://other.test/token"]) {
      Deno.env.set(variable, tokenEndpoint);
      assertEquals(store.getClientConfig(), { tokenEndpoint });
    }
  } finally {
    Deno.env.delete(variable);
  }
});

const throwing = {
  M2M_TOKEN_ENDPOINT,
  get M2M_SCOPES(): string {
    throw new Error(planted.secret);
  },
};
const malformed: Record<string, unknown[]> = {
  M2M_TOKEN_ENDPOINT: [planted.secret, `ftp://${planted.token}`, 7, () => planted.secret],
  M2M_SCOPES: [`a "${planted.body}`, `a\\${planted.body}`, "ä"],
  M2M_HEADER_KEY: [`a b ${planted.body}`],
  M2M_ISSUER: [planted.token],
};
const everyFault = {
  M2M_TOKEN_ENDPOINT: `auth.test/${planted.secret}`,
  M2M_ISSUER: `https://me:${planted.token}@auth.test`,
  M2M_SCOPES: `"${planted.body}"`,
  M2M_AUDIENCE: { text: planted.body },
  M2M_HEADER_KEY: `x: ${planted.secret}`,
};
/** What is refused, and the faults that the message tells, in order. */
const refused: [env: object, ...faults: string[]][] = [
  [everyFault, ...Object.keys(everyFault).map((name) => `${name} must be `)],
  [{ M2M_SCOPES: "a", M2M_HEADER_KEY: "a b" }, "M2M_HEADER_KEY must be ", "M2M_TOKEN_ENDPOINT is missing"],
  [throwing, ""],
  ...Object.entries(malformed).flatMap(([name, values]) =>
    values.map((value): [object, string] => [{ M2M_TOKEN_ENDPOINT, [name]: value }, `${name} must be `])
  ),
];
for (const [env, ...faults] of refused) {
  Deno.test(`${name}: refuses ${Deno.inspect(env)}, and shows no value`, () => {
    const error = assertThrows(() => new EnvClientConfigStore({ env }).getClientConfig(), AuthenticationError);
    assertNothingShows(error);
    assertEquals(error.code, "invalid_config");
    const told = error.message.split(": ").slice(1).join(": ").split("; ");
    assertEquals(told.map((fault, index) => fault.slice(0, faults[index]?.length)), faults);
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
    ...["A=", "A ", 7].map((prefix): [unknown, string] => [{ prefix }, "prefix must be"]),
    [{ prefix: "A_", names: envNames() }, "pass one or the other"],
    ...["A=B", null].map((env): [unknown, string] => [{ env }, "env must be an object"]),
    [{ names: {} }, "names.tokenEndpoint must be"],
  ];
  for (const [options, says] of wrong) {
    assertThrows(() => new EnvClientConfigStore(options as EnvOptions), TypeError, says);
  }
});
