import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  clientSecretPost,
  type Fetch,
  getBasicAuthorizationHeader,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { authenticatorFromEnv, flyteEnvNames } from "@m2m/authenticator/config-store/env";
import { besideApi } from "./authenticator_at.ts";
import { assertNothingShows, planted } from "./faults/planted.ts";
import { temporaryFolder } from "./runtimes/temporary_folder.ts";
import { tokenEndpointStub } from "./servers/token_endpoint_stub.ts";

type Env = Record<string, string | undefined>;
type Options = NonNullable<Parameters<typeof authenticatorFromEnv>[0]>;

const issuer = "https://auth.test";
const M2M_TOKEN_ENDPOINT = tokenEndpointStub().url;
const client = { M2M_CLIENT_ID: planted.clientId, M2M_CLIENT_SECRET: planted.secret };
const enough: Env = { M2M_ENDPOINT: "https://api.test/v1/", ...client, M2M_TOKEN_ENDPOINT };
const byIssuer: Env = { ...enough, M2M_TOKEN_ENDPOINT: "", M2M_ISSUER: issuer };
const flyteEnv: Env = {
  FLYTE_PLATFORM_URL: "dns:///flyte.test:443",
  FLYTE_CREDENTIALS_CLIENT_ID: planted.clientId,
  FLYTE_CREDENTIALS_CLIENT_SECRET: planted.secret,
  FLYTE_CREDENTIALS_SCOPES: "all,offline",
  FLYTE_CREDENTIALS_AUDIENCE: "https://flyte.test",
  FLYTE_CREDENTIALS_AUTH_MODE: "ClientSecret",
};
const localFlyte = { ...flyteEnv, FLYTE_PLATFORM_URL: "localhost:30080", FLYTE_PLATFORM_INSECURE: "True" };
const tokenEndpoint = M2M_TOKEN_ENDPOINT;
const configStore = new StaticClientConfigStore({ tokenEndpoint, scopes: ["x"], headerKey: "x-flyte" });
const flyte: Options = { names: flyteEnvNames, configStore };

/** A token endpoint, its metadata, and an API; the URL and the token's header of each call of it, and the secrets sent. */
function arrange(env: Env) {
  const stub = tokenEndpointStub();
  const calls: string[] = [];
  const fetch: Fetch = (input, init) => {
    if (String(input).startsWith(issuer) && String(input) !== stub.url) {
      assertEquals(String(input), `${issuer}/.well-known/oauth-authorization-server`);
      return Promise.resolve(Response.json({ issuer, token_endpoint: stub.url }));
    }
    return besideApi(stub, (headers) => {
      calls.push(`${input} ${[...headers].find(([, value]) => value === "Bearer token-1")?.[0]}`);
      return new Response();
    })(input, init);
  };
  return { stub, fetch, calls, env: { ...env } };
}

const broken = Object.fromEntries(Object.entries(enough).map(([name, value]) => [name, `${value}\r\n`]));
const withBreaks = { ...broken, M2M_AUDIENCE: "c\r\n", M2M_ISSUER: "\n\r\n" };
const all = { M2M_SCOPES: "a b", M2M_AUDIENCE: "c", M2M_HEADER_KEY: "X-A" };
const quoted = { ...enough, M2M_SCOPES: '"' };
const noHeader = { ...quoted, M2M_HEADER_KEY: "a b" };
const noSecret = { ...enough, M2M_CLIENT_SECRET: "" };
const byOptions = { endpoint: "https://other.test", clientSecret: planted.secret, scopes: ["s"], configStore };
const ownRequest = { scopes: ["s"], audience: "a", headerKey: "x-token" };
const clientAuth = clientSecretPost("given");
const bodyOnly = `client_id=${planted.clientId}&client_secret=given`;
const flyteForm = "scope=all+offline&audience=https%3A%2F%2Fflyte.test";
/** The URL called, the header with the token, and the parameters of the token request; variables that aren't read. */
const used: [what: string, env: Env, options: Options, sent: string, unread?: RegExp][] = [
  ["four variables", enough, {}, "https://api.test/v1/x authorization "],
  ["all variables", { ...enough, ...all }, {}, "https://api.test/v1/x x-a scope=a+b&audience=c"],
  ["an issuer", { ...byIssuer, ...all }, {}, "https://api.test/v1/x x-a scope=a+b&audience=c"],
  ["values with line breaks", withBreaks, {}, "https://api.test/v1/x authorization audience=c"],
  ["an issuer's text", { ...byIssuer, M2M_ISSUER: ` ${issuer}\n` }, {}, "https://api.test/v1/x authorization "],
  ["Flyte's names", flyteEnv, flyte, `https://flyte.test/x x-flyte ${flyteForm}`],
  ["a switch", localFlyte, flyte, `http://localhost:30080/x x-flyte ${flyteForm}`],
  ["nothing given", quoted, byOptions, "https://other.test/x x-flyte scope=s", /ENDPOINT|SECRET|SCOPES|ISSUER/],
  ["nor this", noHeader, ownRequest, "https://api.test/v1/x x-token scope=s&audience=a", /SCOPES|AUDIENCE|HEADER_KEY/],
  ["no secret", noSecret, { clientAuth }, `https://api.test/v1/x authorization ${bodyOnly}`, /SECRET/],
];
for (const [what, variables, options, sent, unread = /none/] of used) {
  Deno.test(`authenticatorFromEnv: reads ${what}`, async () => {
    const { stub, fetch, calls, env } = arrange(variables);
    const read: string[] = [];
    const get = (target: Env, name: string) => (read.push(name), target[name]);

    await authenticatorFromEnv({ env: new Proxy(env, { get } as ProxyHandler<Env>), fetch, ...options }).fetch("x");

    const form = String(stub.requests[0]!.form).replace(/^grant_type=client_credentials&?/, "");
    assertEquals([`${calls} ${form}`, read.filter((name) => unread.test(name))], [sent, []]);
    const basic = options.clientAuth ? null : getBasicAuthorizationHeader(planted.clientId, planted.secret);
    assertEquals(stub.requests.map(({ headers }) => headers.get("authorization")), [basic]);
  });
}

Deno.test("authenticatorFromEnv: reads scopes and secret for each token: named variable, file, variable", async () => {
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
    // A blank may be a part of the secret; a line break at the end is none of any value.
    [{ M2M_CLIENT_SECRET: "five \r\n" }, "", "five "],
    [{ M2M_CLIENT_SECRET_ENV_VAR: "OTHER\n", OTHER: "six \n" }, "", "six "],
  ];
  for (const [index, [variables, text]] of steps.entries()) {
    Object.assign(env, variables, { M2M_SCOPES: `scope-${index}` });
    await Deno.writeTextFile(path, text);
    await authenticator.refreshCredentials();
  }

  const sent = stub.requests.map(({ form, headers }) => [form.get("scope"), headers.get("authorization")]);
  const basic = steps.map(([, , secret]) => getBasicAuthorizationHeader(planted.clientId, secret));
  assertEquals(sent, basic.map((header, index) => [`scope-${index}`, header]));
});

Deno.test("authenticatorFromEnv: names the variable of a secret that is gone, and shows no value", async () => {
  await using folder = await temporaryFolder("from_env_");
  const path = `${folder.path}/${planted.token.replaceAll("/", "_")}`;
  await Deno.writeTextFile(`${path}-empty`, "\n");
  const cases: [Env, code: string][] = [
    [{ M2M_CLIENT_SECRET_FILE: path }, "client_auth_unavailable"],
    [{ M2M_CLIENT_SECRET_FILE: `${path}-empty` }, "client_auth_unavailable"],
    [{ M2M_CLIENT_SECRET_ENV_VAR: "OTHER", OTHER: "named" }, "invalid_config"],
  ];
  for (const [variables, code] of cases) {
    const { fetch, env, stub } = arrange({ ...enough, ...variables });
    const authenticator = authenticatorFromEnv({ env, fetch });
    delete env.OTHER;

    const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);

    assertEquals([error.code, stub.requests.length], [code, 0]);
    assert(error.message.includes(Object.keys(variables)[0]!));
    assertNothingShows(error);
  }
});

const malformed = {
  ACME_ENDPOINT: planted.secret,
  ACME_CLIENT_ID: { secret: planted.secret },
  // Taken for a variable's name.
  ACME_CLIENT_SECRET_ENV_VAR: planted.secret,
  ACME_TOKEN_ENDPOINT: `https://me:${planted.token}@auth.test`,
  ACME_SCOPES: `"${planted.body}"`,
};
const switches = {
  FLYTE_PLATFORM_INSECURE: "perhaps",
  FLYTE_CREDENTIALS_AUTH_MODE: "Pkce",
  FLYTE_PLATFORM_HTTP_PROXY_URL: `proxy ${planted.secret}`,
  FLYTE_PLATFORM_INSECURE_SKIP_VERIFY: planted.token,
};
const withLogin = `https://me:${planted.token}@flyte.test`;
const noPlatforms = [`dns://127.0.0.1:9/${planted.query}`, "http://flyte.test", withLogin];
const noSettings = { M2M_ENDPOINT: "x", M2M_CLIENT_SECRET: "s", M2M_ISSUER: "http://auth.test" };
const noIssuer = { ...byIssuer, M2M_ISSUER: `https://auth.test/?${planted.query}` };
const ofAcme = "ACME_CLIENT_ID ACME_TOKEN_ENDPOINT ACME_SCOPES ACME_CLIENT_SECRET_ENV_VAR ACME_ENDPOINT";
const ofFlyte = (env: Env) => ({ ...flyte, env: { ...flyteEnv, ...env } });
/** The variables that the error names, in order. */
const faulty: [names: string, options: Options][] = [
  ["M2M_ENDPOINT M2M_CLIENT_ID M2M_CLIENT_SECRET M2M_TOKEN_ENDPOINT", { env: {} }],
  ["M2M_CLIENT_ID M2M_ENDPOINT M2M_ISSUER", { env: noSettings }],
  [ofAcme, { prefix: "ACME_", env: malformed }],
  [Object.keys(switches).join(" "), ofFlyte(switches)],
  ["M2M_ISSUER", { env: noIssuer }],
  ...noPlatforms.map((url): typeof faulty[0] => ["FLYTE_PLATFORM_URL", ofFlyte({ FLYTE_PLATFORM_URL: url })]),
];
for (const [names, options] of faulty) {
  Deno.test(`authenticatorFromEnv: names ${names} and no value for ${Deno.inspect(options.env)}`, () => {
    const error = assertThrows(() => authenticatorFromEnv(options), AuthenticationError);
    const named = error.message.split("; ").map((fault) => /[A-Z][A-Z0-9_]+(?= )/.exec(fault)?.[0]);
    assertEquals([error.code, named.join(" ")], ["invalid_config", names]);
    assertNothingShows(error);
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

Deno.test("authenticatorFromEnv: refuses wrong options as such", () => {
  const wrong: [option: string, value: unknown, options: Options, type?: typeof RangeError][] = [
    ["waitUntil", "planted", { env: byIssuer }],
    ["fetch", "planted", { env: byIssuer }],
    ["timeout", "planted", { env: byIssuer }],
    ["timeout", -1, { env: byIssuer }, RangeError],
    // Flyte has no name for the token endpoint's variable.
    ["configStore", undefined, { ...flyte, env: flyteEnv }],
  ];
  for (const [option, value, options, type = TypeError] of wrong) {
    assertThrows(() => authenticatorFromEnv({ ...options, [option]: value }), type, option);
  }
});

Deno.test("authenticatorFromEnv: uses Flyte's proxy and certificate authority", async () => {
  const cases = {
    FLYTE_PLATFORM_HTTP_PROXY_URL: ["http://127.0.0.1:9", "by way of http://127.0.0.1:9"],
    FLYTE_PLATFORM_CA_CERT_FILE_PATH: ["/no/such/file.pem", "FLYTE_PLATFORM_CA_CERT_FILE_PATH"],
  } as const;
  for (const [name, [value, told]] of Object.entries(cases)) {
    const env = { ...flyteEnv, [name]: value };
    await using authenticator = authenticatorFromEnv({ ...flyte, env, retry: { maxAttempts: 1 } });
    const { message } = await assertRejects(() => authenticator.getCredentials(), AuthenticationError, told);
    assertEquals(message.includes("/no/such"), false);
  }
});
