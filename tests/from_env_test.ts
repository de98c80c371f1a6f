import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AuthenticationError, clientSecretPost, type Fetch, StaticClientConfigStore } from "@m2m/authenticator";
import {
  authenticatorFromEnv,
  type AuthenticatorFromEnvOptions,
  flyteEnvNames,
} from "@m2m/authenticator/config-store/env";
import { assertNothingShows, planted } from "./faults/planted.ts";
import { temporaryFolder } from "./runtimes/temporary_folder.ts";
import { tokenEndpointStub } from "./servers/token_endpoint_stub.ts";

type Env = Record<string, string | undefined>;

const issuer = "https://auth.test";
const stubUrl = tokenEndpointStub().url;
const enough: Env = {
  M2M_ENDPOINT: "https://api.test/v1/",
  M2M_CLIENT_ID: planted.clientId,
  M2M_CLIENT_SECRET: planted.secret,
  M2M_TOKEN_ENDPOINT: stubUrl,
};
const byIssuer: Env = { ...enough, M2M_TOKEN_ENDPOINT: "", M2M_ISSUER: issuer };
const flyteEnv: Env = {
  FLYTE_PLATFORM_URL: "dns:///flyte.test:443",
  FLYTE_CREDENTIALS_CLIENT_ID: planted.clientId,
  FLYTE_CREDENTIALS_CLIENT_SECRET: planted.secret,
  FLYTE_CREDENTIALS_SCOPES: "all,offline",
  FLYTE_CREDENTIALS_AUDIENCE: "https://flyte.test",
  FLYTE_CREDENTIALS_AUTH_MODE: "ClientSecret",
};
const configStore = new StaticClientConfigStore({ tokenEndpoint: stubUrl, scopes: ["x"], headerKey: "x-flyte" });
const flyte: AuthenticatorFromEnvOptions = { names: flyteEnvNames, configStore };

/** A token endpoint, its metadata and an API; `tell` sums up the requests. */
function arrange(env: Env = enough) {
  const stub = tokenEndpointStub();
  const calls: string[] = [];
  const fetch: Fetch = (input, init) => {
    const url = String(input);
    if (url === stub.url) return stub.fetch(input, init);
    const isMetadata = url === `${issuer}/.well-known/oauth-authorization-server`;
    if (isMetadata) return Promise.resolve(Response.json({ issuer, token_endpoint: stub.url }));
    calls.push(`${url} ${[...new Headers(init?.headers)].find(([, value]) => value === "Bearer token-1")?.[0]}`);
    return Promise.resolve(new Response(null));
  };
  const tell = () => [...calls, ...stub.requests.map(({ form }) => (form.delete("grant_type"), String(form)))];
  return { stub, fetch, tell, env: { ...env } };
}

/** The secrets that were sent. */
function secretsSent({ requests }: ReturnType<typeof tokenEndpointStub>): (string | null)[] {
  const encoded = requests.map(({ headers }) => atob(headers.get("authorization")!.slice(6)).split(":")[1]);
  return encoded.map((secret) => new URLSearchParams(`=${secret}`).get(""));
}

const usual: [what: string, env: Env, header: string, form: string][] = [
  ["four variables", {}, "authorization", ""],
  ["all variables", { M2M_SCOPES: "a b", M2M_AUDIENCE: "c", M2M_HEADER_KEY: "X-A" }, "x-a", "scope=a+b&audience=c"],
  ["an issuer", { ...byIssuer, M2M_SCOPES: "a", M2M_HEADER_KEY: "X-A" }, "x-a", "scope=a"],
  ["an issuer with white space around it", { ...byIssuer, M2M_ISSUER: ` ${issuer}\n` }, "authorization", ""],
];
for (const [what, variables, header, form] of usual) {
  Deno.test(`authenticatorFromEnv: reads ${what}`, async () => {
    const { stub, fetch, tell, env } = arrange({ ...enough, ...variables });

    await authenticatorFromEnv({ env, fetch }).fetch("projects");

    assertEquals(tell(), [`https://api.test/v1/projects ${header}`, form]);
    assertEquals(secretsSent(stub), [planted.secret]);
  });
}

Deno.test("authenticatorFromEnv: reads Flyte's names, before the store's settings", async () => {
  for (
    const [variables, url] of [
      [{}, "https://flyte.test"],
      [{ FLYTE_PLATFORM_URL: "localhost:30080", FLYTE_PLATFORM_INSECURE: "True" }, "http://localhost:30080"],
    ] as const
  ) {
    const { fetch, tell, env } = arrange({ ...flyteEnv, ...variables });

    await authenticatorFromEnv({ ...flyte, env, fetch }).fetch("/projects");

    assertEquals(tell(), [`${url}/projects x-flyte`, "scope=all+offline&audience=https%3A%2F%2Fflyte.test"]);
  }
});

Deno.test("authenticatorFromEnv: needs no secret with another client authentication", async () => {
  const { fetch, env, tell } = arrange({ ...enough, M2M_CLIENT_SECRET: "" });

  await authenticatorFromEnv({ env, fetch, clientAuth: clientSecretPost("given") }).getCredentials();

  assertEquals(tell(), [`client_id=${planted.clientId}&client_secret=given`]);
});

Deno.test("authenticatorFromEnv: uses scopes that change for the next token", async () => {
  const { fetch, env, tell } = arrange({ ...enough, M2M_SCOPES: "a" });
  const authenticator = authenticatorFromEnv({ env, fetch });

  await authenticator.refreshCredentials();
  env.M2M_SCOPES = "b";
  await authenticator.refreshCredentials();

  assertEquals(tell(), ["scope=a", "scope=b"]);
});

const given: [options: AuthenticatorFromEnvOptions, unread: RegExp, told: string[]][] = [
  [
    { endpoint: "https://other.test", clientSecret: "given", scopes: ["s"], configStore },
    /ENDPOINT|SECRET|SCOPES|ISSUER/,
    ["https://other.test/x x-flyte", "scope=s"],
  ],
  [
    { scopes: ["s"], audience: "a", headerKey: "x-token" },
    /SCOPES|AUDIENCE|HEADER_KEY/,
    ["https://api.test/v1/x x-token", "scope=s&audience=a"],
  ],
];
for (const [options, unread, told] of given) {
  Deno.test(`authenticatorFromEnv: doesn't read the variables of ${Object.keys(options)}`, async () => {
    // They couldn't be used.
    const { fetch, env, tell } = arrange({
      ...enough,
      M2M_SCOPES: '"',
      ...options.headerKey && { M2M_HEADER_KEY: "a b" },
    });
    const read: string[] = [];
    const get = (target: Env, name: string) => (read.push(name), target[name]);

    await authenticatorFromEnv({ env: new Proxy(env, { get } as ProxyHandler<Env>), fetch, ...options }).fetch("x");

    assertEquals([read.filter((name) => unread.test(name)), tell()], [[], told]);
    assert(read.includes("M2M_CLIENT_ID"));
  });
}

Deno.test("authenticatorFromEnv: reads the secret for each token: named variable, file, variable", async () => {
  await using folder = await temporaryFolder("from_env_");
  const path = `${folder.path}/secret`;
  const { fetch, env, stub } = arrange({ ...enough, M2M_CLIENT_SECRET_FILE: path, OTHER: "named" });
  const authenticator = authenticatorFromEnv({ env, fetch });
  const steps: [Env, text: string, secret: string][] = [
    [{ M2M_CLIENT_SECRET_ENV_VAR: "OTHER" }, "first", "named"],
    [{ M2M_CLIENT_SECRET_ENV_VAR: "" }, "first", "first"],
    [{ M2M_CLIENT_SECRET: "" }, "second\n", "second"],
    [{}, "third\r\n\n", "third"],
    [{}, " four \n", " four "],
    [{ M2M_CLIENT_SECRET: planted.secret, M2M_CLIENT_SECRET_FILE: "" }, "", planted.secret],
  ];
  for (const [variables, text] of steps) {
    Object.assign(env, variables);
    await Deno.writeTextFile(path, text);
    await authenticator.refreshCredentials();
  }

  assertEquals(secretsSent(stub), steps.map(([, , secret]) => secret));
});

Deno.test("authenticatorFromEnv: names the variable of a secret that is gone, and shows no value", async () => {
  await using folder = await temporaryFolder("from_env_");
  const path = `${folder.path}/${planted.token.replaceAll("/", "_")}`;
  await Deno.writeTextFile(`${path}-empty`, "\n");
  const cases: [Env, code: string, name: string][] = [
    [{ M2M_CLIENT_SECRET_FILE: path }, "client_auth_unavailable", "M2M_CLIENT_SECRET_FILE"],
    [{ M2M_CLIENT_SECRET_FILE: `${path}-empty` }, "client_auth_unavailable", "M2M_CLIENT_SECRET_FILE"],
    [{ M2M_CLIENT_SECRET_ENV_VAR: "OTHER", OTHER: "named" }, "invalid_config", "M2M_CLIENT_SECRET_ENV_VAR"],
  ];
  for (const [variables, code, name] of cases) {
    const { fetch, env, stub } = arrange({ ...enough, ...variables });
    const authenticator = authenticatorFromEnv({ env, fetch });
    delete env.OTHER;

    const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError, name);

    assertEquals([error.code, stub.requests.length], [code, 0]);
    assertNothingShows(error);
  }
});

function assertFaults(names: string, options: AuthenticatorFromEnvOptions): void {
  const error = assertThrows(() => authenticatorFromEnv(options), AuthenticationError);
  assertEquals(error.code, "invalid_config");
  const faults = error.message.split("; ");
  assertEquals(faults.map((fault) => /[A-Z][A-Z0-9_]+(?= )/.exec(fault)?.[0]).join(" "), names);
  assertNothingShows(error);
}

Deno.test("authenticatorFromEnv: names all faults at once, and shows no value", () => {
  assertFaults("M2M_ENDPOINT M2M_CLIENT_ID M2M_CLIENT_SECRET M2M_TOKEN_ENDPOINT", { env: {} });
  const some = { M2M_ENDPOINT: "x", M2M_CLIENT_SECRET: "s", M2M_ISSUER: "http://auth.test" };
  assertFaults("M2M_CLIENT_ID M2M_ENDPOINT M2M_ISSUER", { env: some });
  assertFaults("ACME_CLIENT_ID ACME_TOKEN_ENDPOINT ACME_SCOPES ACME_CLIENT_SECRET_ENV_VAR ACME_ENDPOINT", {
    prefix: "ACME_",
    env: {
      ACME_ENDPOINT: planted.secret,
      ACME_CLIENT_ID: { secret: planted.secret },
      // Taken for a variable's name.
      ACME_CLIENT_SECRET_ENV_VAR: planted.secret,
      ACME_TOKEN_ENDPOINT: `https://me:${planted.token}@auth.test`,
      ACME_SCOPES: `"${planted.body}"`,
    },
  });
  const switches = {
    FLYTE_PLATFORM_INSECURE: "perhaps",
    FLYTE_CREDENTIALS_AUTH_MODE: "Pkce",
    FLYTE_PLATFORM_HTTP_PROXY_URL: `proxy ${planted.secret}`,
    FLYTE_PLATFORM_INSECURE_SKIP_VERIFY: planted.token,
  };
  assertFaults(Object.keys(switches).join(" "), { ...flyte, env: { ...flyteEnv, ...switches } });
});

for (const url of [`http://auth.test/${planted.tokenStart}`, `https://auth.test/?${planted.query}`, planted.secret]) {
  Deno.test(`authenticatorFromEnv: refuses the issuer ${url}`, () => {
    assertFaults("M2M_ISSUER", { env: { ...byIssuer, M2M_ISSUER: url } });
  });
}

const [dns, path] = ["dns://127.0.0.1:9", "flyte.test"];
const noPlatforms = [`${dns}/${path}`, ` ${dns}/${path}`, `${dns}\\${path}`, "dns:/flyte.test", "dns:flyte"];
const noUrls = [`https://flyte.test/?${planted.query}`, `https://me:${planted.token}@flyte.test`, "fly te.test"];
for (const url of [...noPlatforms, ...noUrls, "http://flyte.test"]) {
  Deno.test(`authenticatorFromEnv: refuses the platform "${url}"`, () => {
    assertFaults("FLYTE_PLATFORM_URL", { ...flyte, env: { ...flyteEnv, FLYTE_PLATFORM_URL: url } });
  });
}

Deno.test("authenticatorFromEnv: takes http: where an option, a switch, loopback or another variable allows it", () => {
  const plain = { ...flyteEnv, FLYTE_PLATFORM_URL: "http://flyte.test" };
  authenticatorFromEnv({ env: { ...byIssuer, M2M_ISSUER: "http://auth.test" }, allowInsecureRequests: true });
  authenticatorFromEnv({ env: { ...byIssuer, M2M_ISSUER: "http://127.0.0.1:9" } });
  authenticatorFromEnv({ env: { ...enough, M2M_ISSUER: "http://auth.test" } });
  authenticatorFromEnv({ ...flyte, env: plain, allowInsecureRequests: true });
  authenticatorFromEnv({ ...flyte, env: { ...plain, FLYTE_PLATFORM_INSECURE: "1" } });
});

const wrongOptions: [option: string, value: unknown, error: typeof TypeError | typeof RangeError][] = [
  ["waitUntil", "planted", TypeError],
  ["fetch", "planted", TypeError],
  ["timeout", "planted", TypeError],
  ["timeout", -1, RangeError],
  // Flyte has no name for the token endpoint's variable.
  ["configStore", undefined, TypeError],
];
for (const [option, value, type] of wrongOptions) {
  Deno.test(`authenticatorFromEnv: refuses the ${option} ${value} by a ${type.name}`, () => {
    const base = option === "configStore" ? { ...flyte, env: flyteEnv } : { env: byIssuer };
    assertThrows(() => authenticatorFromEnv({ ...base, [option]: value }), type, option);
  });
}

Deno.test("authenticatorFromEnv: uses Flyte's proxy and certificate authority", async () => {
  const cases = {
    FLYTE_PLATFORM_HTTP_PROXY_URL: ["http://127.0.0.1:9", "by way of http://127.0.0.1:9"],
    FLYTE_PLATFORM_CA_CERT_FILE_PATH: ["/no/such/file.pem", "Cannot use verify"],
  } as const;
  for (const [name, [value, told]] of Object.entries(cases)) {
    const env = { ...flyteEnv, [name]: value };
    await using authenticator = authenticatorFromEnv({ ...flyte, env, retry: { maxAttempts: 1 } });
    await assertRejects(() => authenticator.getCredentials(), AuthenticationError, told);
  }
});
