import { assert, assertEquals, assertThrows } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { EnvClientConfigStore, envNames, type EnvOptions } from "@m2m/authenticator/config-store/env";
import { parse } from "@std/dotenv";
import { assertNothingShows, planted } from "../faults/planted.ts";

const tokenEndpoint = "https://auth.test/token";

function failure(env: object, options: EnvOptions = {}): AuthenticationError {
  const error = assertThrows(
    () => new EnvClientConfigStore({ env, ...options }).getClientConfig(),
    AuthenticationError,
  );
  assertNothingShows(error);
  return error;
}

Deno.test("all settings are read, and an empty or absent one is none", () => {
  const store = new EnvClientConfigStore({
    env: {
      M2M_TOKEN_ENDPOINT: tokenEndpoint,
      M2M_SCOPES: "api:read api:write",
      M2M_AUDIENCE: "https://api.test",
      M2M_HEADER_KEY: "X-Token",
      M2M_ISSUER: "https://auth.test",
    },
  });
  assertEquals(store.getClientConfig(), {
    tokenEndpoint,
    scopes: ["api:read", "api:write"],
    audience: "https://api.test",
    headerKey: "x-token",
    issuer: "https://auth.test",
  });
  const sparse = { M2M_TOKEN_ENDPOINT: tokenEndpoint, M2M_SCOPES: "", M2M_AUDIENCE: undefined };
  assertEquals(new EnvClientConfigStore({ env: sparse }).getClientConfig(), { tokenEndpoint });
});

const scopes: Record<string, string[]> = {
  "a": ["a"],
  "a b": ["a", "b"],
  "a,b": ["a", "b"],
  " a , b\n": ["a", "b"],
  "a  b,,c": ["a", "b", "c"],
  " , ": [],
  "https://x.test/.default": ["https://x.test/.default"],
};
for (const [text, expected] of Object.entries(scopes)) {
  Deno.test(`the scopes in ${JSON.stringify(text)} are ${JSON.stringify(expected)}`, () => {
    const store = new EnvClientConfigStore({ env: { M2M_TOKEN_ENDPOINT: tokenEndpoint, M2M_SCOPES: text } });
    assertEquals(store.getClientConfig().scopes, expected);
  });
}

Deno.test("it reads when it is asked, so that a change takes effect", () => {
  const env: Record<string, string> = {};
  const store = new EnvClientConfigStore({ env });
  env.M2M_TOKEN_ENDPOINT = tokenEndpoint;
  assertEquals(store.getClientConfig().tokenEndpoint, tokenEndpoint);
  env.M2M_TOKEN_ENDPOINT = "https://other.test/token";
  assertEquals(store.getClientConfig().tokenEndpoint, "https://other.test/token");
});

Deno.test("without an object it reads the environment of the process, by the prefix one likes", () => {
  const name = `P${crypto.randomUUID().replaceAll("-", "")}_`;
  const store = new EnvClientConfigStore({ prefix: name });
  Deno.env.set(`${name}TOKEN_ENDPOINT`, tokenEndpoint);
  try {
    assertEquals(store.getClientConfig(), { tokenEndpoint });
  } finally {
    Deno.env.delete(`${name}TOKEN_ENDPOINT`);
  }
});

Deno.test("names of one's own stand in place of the usual ones, and a setting without a name isn't looked for", () => {
  const names = { ...envNames("ACME_"), tokenEndpoint: "LOGIN_URL", audience: undefined };
  const env = { LOGIN_URL: tokenEndpoint, ACME_SCOPES: "a", ACME_AUDIENCE: "x", M2M_AUDIENCE: "y" };
  assertEquals(new EnvClientConfigStore({ names, env }).getClientConfig(), { tokenEndpoint, scopes: ["a"] });
});

Deno.test("a .env file is read by way of @std/dotenv", () => {
  const env = parse(`# settings\nM2M_TOKEN_ENDPOINT=${tokenEndpoint}\nexport M2M_SCOPES="a b" # two\n`);
  assertEquals(new EnvClientConfigStore({ env }).getClientConfig(), { tokenEndpoint, scopes: ["a", "b"] });
});

Deno.test("where not one variable is set there are no settings", () => {
  const error = failure({ OTHER: planted.secret, M2M_TOKEN_ENDPOINT: "" });
  assertEquals([error.code, error.message], [
    "config_not_found",
    "Cannot find the client's settings in the environment: none of M2M_TOKEN_ENDPOINT, M2M_ISSUER, M2M_SCOPES, " +
    "M2M_AUDIENCE, M2M_HEADER_KEY is set.",
  ]);
});

Deno.test("all that is missing or malformed is told at once, by name and never by value", () => {
  const error = failure({
    M2M_TOKEN_ENDPOINT: `auth.test/${planted.secret}`,
    M2M_ISSUER: `https://me:${planted.token}@auth.test`,
    M2M_SCOPES: `"${planted.body}"`,
    M2M_AUDIENCE: { text: planted.body },
    M2M_HEADER_KEY: `x: ${planted.secret}`,
  });
  assertEquals([error.code, error.message], [
    "invalid_config",
    "Cannot use the settings in the environment: " +
    "M2M_TOKEN_ENDPOINT must be an absolute URL, without user name and password; " +
    'M2M_ISSUER must be an "https:" URL, without user name, password, query and fragment; ' +
    "M2M_SCOPES must be scopes separated by spaces or commas, without quotes (RFC 6749 §3.3); " +
    "M2M_AUDIENCE must be text; " +
    'M2M_HEADER_KEY must be the name of a header, such as "authorization".',
  ]);
});

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
for (const [name, value] of malformed) {
  Deno.test(`${name} can't be ${typeof value === "string" ? JSON.stringify(value) : `a ${typeof value}`}`, () => {
    const error = failure({ M2M_TOKEN_ENDPOINT: tokenEndpoint, [name]: value });
    assertEquals(error.code, "invalid_config");
    assert(error.message.includes(`: ${name} must be `), error.message);
    assertEquals(error.message.split(";").length, 1);
  });
}

Deno.test("a token endpoint that is missing is told beside what is malformed", () => {
  const { message } = failure({ M2M_SCOPES: "a", M2M_HEADER_KEY: "a b" });
  assertEquals(
    message,
    'Cannot use the settings in the environment: M2M_HEADER_KEY must be the name of a header, such as "authorization"; ' +
      "M2M_TOKEN_ENDPOINT is missing.",
  );
});

Deno.test("an object that throws when it is read is malformed, and what it throws isn't shown", () => {
  const env = {
    M2M_TOKEN_ENDPOINT: tokenEndpoint,
    get M2M_SCOPES(): string {
      throw new Error(planted.secret);
    },
  };
  assertEquals(failure(env).code, "invalid_config");
});

Deno.test("wrong options are told at once", () => {
  const wrong: [EnvOptions, string][] = [
    [{ prefix: "A=" }, "prefix must be"],
    [{ prefix: "A ", env: {} }, "prefix must be"],
    [{ prefix: 7 as unknown as string }, "prefix must be"],
    [{ prefix: "A_", names: envNames() }, "pass one or the other"],
    [{ env: "A=B" as unknown as object }, "env must be an object"],
    [{ env: null as unknown as object }, "env must be an object"],
    [{ names: {} }, "names.tokenEndpoint must be"],
  ];
  for (const [options, message] of wrong) assertThrows(() => new EnvClientConfigStore(options), TypeError, message);
});
