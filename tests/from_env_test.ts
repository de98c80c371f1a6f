import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  clientSecretPost,
  type Fetch,
  getBasicAuthorizationHeader,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import {
  authenticatorFromEnv,
  type AuthenticatorFromEnvOptions,
  flyteEnvNames,
} from "@m2m/authenticator/config-store/env";
import { assertNothingShows, planted } from "./faults/planted.ts";
import { temporaryFolder } from "./runtimes/temporary_folder.ts";
import { tokenEndpointStub } from "./servers/token_endpoint_stub.ts";

const issuer = "https://auth.test";

/** A token endpoint, the metadata that names it, and an API; and an environment that is enough. */
function arrange() {
  const stub = tokenEndpointStub();
  const calls: { url: string; headers: Headers }[] = [];
  const fetch: Fetch = (input, init) => {
    const url = String(input);
    if (url === stub.url) return stub.fetch(input, init);
    if (url === `${issuer}/.well-known/oauth-authorization-server`) {
      return Promise.resolve(Response.json({ issuer, token_endpoint: stub.url }));
    }
    calls.push({ url, headers: new Headers(init?.headers) });
    return Promise.resolve(new Response(null));
  };
  const env: Record<string, string | undefined> = {
    M2M_ENDPOINT: "https://api.test/v1/",
    M2M_CLIENT_ID: planted.clientId,
    M2M_CLIENT_SECRET: planted.secret,
    M2M_TOKEN_ENDPOINT: stub.url,
  };
  const sent = () => stub.requests.map(({ headers }) => headers.get("authorization"));
  return { stub, calls, fetch, env, sent };
}

function basic(secret: string): string {
  return getBasicAuthorizationHeader(planted.clientId, secret);
}

function failure(options: AuthenticatorFromEnvOptions): AuthenticationError {
  const error = assertThrows(() => authenticatorFromEnv(options), AuthenticationError);
  assertNothingShows(error);
  return error;
}

Deno.test("four variables make an authenticator", async () => {
  const { fetch, env, stub, calls, sent } = arrange();

  await authenticatorFromEnv({ env, fetch }).fetch("projects");

  assertEquals(sent(), [basic(planted.secret)]);
  assertEquals(stub.requests[0]?.form.toString(), "grant_type=client_credentials");
  assertEquals(calls.map(({ url, headers }) => [url, headers.get("authorization")]), [
    ["https://api.test/v1/projects", "Bearer token-1"],
  ]);
});

Deno.test("scopes, audience and header are the environment's, as they are when a token is asked for", async () => {
  const { fetch, env, stub, calls } = arrange();
  Object.assign(env, { M2M_SCOPES: "a b", M2M_AUDIENCE: "https://api.test", M2M_HEADER_KEY: "X-Token" });
  const authenticator = authenticatorFromEnv({ env, fetch });

  await authenticator.fetch("projects");
  env.M2M_SCOPES = "c";
  await authenticator.refreshCredentials();

  assertEquals(stub.requests.map(({ form }) => [form.get("scope"), form.get("audience")]), [
    ["a b", "https://api.test"],
    ["c", "https://api.test"],
  ]);
  assertEquals(calls[0]?.headers.get("x-token"), "Bearer token-1");
});

Deno.test("an issuer will do in place of the token endpoint", async () => {
  const { fetch, env, stub, calls } = arrange();
  Object.assign(env, { M2M_TOKEN_ENDPOINT: "", M2M_ISSUER: issuer, M2M_SCOPES: "a", M2M_HEADER_KEY: "X-Token" });

  await authenticatorFromEnv({ env, fetch }).fetch("projects");

  assertEquals(stub.requests.map(({ form }) => form.get("scope")), ["a"]);
  assertEquals(calls[0]?.headers.get("x-token"), "Bearer token-1");
});

Deno.test("what is given counts, and its variable isn't read", async () => {
  const { fetch, env, stub, calls, sent } = arrange();
  const read: string[] = [];
  const watched = new Proxy(env, {
    get(target, name) {
      read.push(String(name));
      return Reflect.get(target, name);
    },
  });

  await authenticatorFromEnv({
    env: watched,
    fetch,
    endpoint: "https://other.test",
    clientSecret: "given",
    scopes: ["given"],
    configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url, audience: "the store's" }),
  }).fetch("/x");

  assertEquals(read, ["M2M_CLIENT_ID", "M2M_AUDIENCE", "M2M_HEADER_KEY"]);
  assertEquals([calls[0]?.url, sent()[0]], ["https://other.test/x", basic("given")]);
  assertEquals(stub.requests.map(({ form }) => [form.get("scope"), form.get("audience")]), [["given", "the store's"]]);
});

Deno.test("what is given isn't read for the token endpoint's sake either", async () => {
  const { fetch, env, stub, calls } = arrange();
  // None of them could be used.
  Object.assign(env, { M2M_SCOPES: '"', M2M_HEADER_KEY: "a b" });
  const read: string[] = [];
  const watched = new Proxy(env, {
    get(target, name) {
      read.push(String(name));
      return Reflect.get(target, name);
    },
  });

  await authenticatorFromEnv({ env: watched, fetch, scopes: ["given"], audience: "given", headerKey: "x-token" })
    .fetch("/x");

  assertEquals(read.filter((name) => /SCOPES|AUDIENCE|HEADER_KEY/.test(name)), []);
  assertEquals(stub.requests.map(({ form }) => [form.get("scope"), form.get("audience")]), [["given", "given"]]);
  assertEquals(calls[0]?.headers.get("x-token"), "Bearer token-1");
});

Deno.test("client authentication of another kind needs no secret", async () => {
  const { fetch, env, stub } = arrange();
  env.M2M_CLIENT_SECRET = "";

  await authenticatorFromEnv({ env, fetch, clientAuth: clientSecretPost("given") }).getCredentials();

  assertEquals(stub.requests[0]?.form.get("client_secret"), "given");
});

Deno.test("of the secret's places the named variable counts first, then the file, then the secret itself", async () => {
  await using folder = await temporaryFolder("from_env_");
  const path = `${folder.path}/secret`;
  await Deno.writeTextFile(path, "from the file\n");
  const { fetch, env, sent } = arrange();
  Object.assign(env, { M2M_CLIENT_SECRET_FILE: path, M2M_CLIENT_SECRET_ENV_VAR: "OTHER", OTHER: "named" });
  const authenticator = authenticatorFromEnv({ env, fetch });

  await authenticator.refreshCredentials();
  env.M2M_CLIENT_SECRET_ENV_VAR = "";
  await authenticator.refreshCredentials();
  env.M2M_CLIENT_SECRET_FILE = "";
  await authenticator.refreshCredentials();

  assertEquals(sent(), [basic("named"), basic("from the file"), basic(planted.secret)]);
});

Deno.test("a secret's file is read anew for each token request, and the line breaks at its end don't count", async () => {
  await using folder = await temporaryFolder("from_env_");
  const path = `${folder.path}/secret`;
  const { fetch, env, sent } = arrange();
  Object.assign(env, { M2M_CLIENT_SECRET_FILE: path, M2M_CLIENT_SECRET: "" });
  const authenticator = authenticatorFromEnv({ env, fetch });

  for (const text of ["first", "second\n", "third\r\n\n", " four \n"]) {
    await Deno.writeTextFile(path, text);
    await authenticator.refreshCredentials();
  }

  assertEquals(sent(), [basic("first"), basic("second"), basic("third"), basic(" four ")]);
});

Deno.test("a secret's file that is missing or empty is told by its variable's name", async () => {
  await using folder = await temporaryFolder("from_env_");
  const path = `${folder.path}/${planted.token.replaceAll("/", "_")}`;
  const { fetch, env, stub } = arrange();
  env.M2M_CLIENT_SECRET_FILE = path;
  const authenticator = authenticatorFromEnv({ env, fetch });

  const missing = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
  await Deno.writeTextFile(path, "\n");
  const empty = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);

  for (const error of [missing, empty]) {
    assertEquals(error.code, "client_auth_unavailable");
    assert(error.message.endsWith("It is the one that M2M_CLIENT_SECRET_FILE names."), error.message);
    assertNothingShows(error);
  }
  assertEquals(stub.requests.length, 0);
});

Deno.test("all that is missing is told at once, by name", () => {
  const error = failure({ env: {} });
  assertEquals([error.code, error.message], [
    "invalid_config",
    "Cannot use the settings in the environment: M2M_ENDPOINT is missing; M2M_CLIENT_ID is missing; " +
    "M2M_CLIENT_SECRET is missing (or M2M_CLIENT_SECRET_FILE, or M2M_CLIENT_SECRET_ENV_VAR); " +
    "M2M_TOKEN_ENDPOINT is missing (or M2M_ISSUER).",
  ]);
});

Deno.test("all that is malformed is told at once, by name and never by value", () => {
  const error = failure({
    prefix: "ACME_",
    env: {
      ACME_ENDPOINT: planted.secret,
      ACME_CLIENT_ID: { secret: planted.secret },
      // A secret in the wrong place is taken for a variable's name.
      ACME_CLIENT_SECRET_ENV_VAR: planted.secret,
      ACME_TOKEN_ENDPOINT: `https://me:${planted.token}@auth.test`,
      ACME_SCOPES: `"${planted.body}"`,
    },
  });
  assertEquals([error.code, error.message], [
    "invalid_config",
    "Cannot use the settings in the environment: ACME_CLIENT_ID must be text; " +
    "ACME_TOKEN_ENDPOINT must be an absolute URL, without user name and password; " +
    "ACME_SCOPES must be scopes separated by spaces or commas, without quotes (RFC 6749 §3.3); " +
    "the variable that ACME_CLIENT_SECRET_ENV_VAR names is missing; " +
    "ACME_ENDPOINT must be an absolute URL, without user name and password.",
  ]);
});

Deno.test("an issuer that can't be one is told by name, with all else that is wrong", () => {
  const must = 'M2M_ISSUER must be an "https:" URL, without user name, password, query and fragment.';
  for (
    const issuer of [`http://auth.test/${planted.tokenStart}`, `https://auth.test/?${planted.query}`, planted.secret]
  ) {
    const env = { ...arrange().env, M2M_TOKEN_ENDPOINT: "", M2M_ISSUER: issuer };
    const error = failure({ env });
    assertEquals([error.code, error.message], [
      "invalid_config",
      `Cannot use the settings in the environment: ${must}`,
    ]);
  }
  const { message } = failure({ env: { M2M_ENDPOINT: "x", M2M_CLIENT_SECRET: "s", M2M_ISSUER: "http://auth.test" } });
  assertEquals(
    message,
    "Cannot use the settings in the environment: M2M_CLIENT_ID is missing; " +
      `M2M_ENDPOINT must be an absolute URL, without user name and password; ${must}`,
  );
});

Deno.test("white space around an issuer is no part of it", async () => {
  const { fetch, env, stub } = arrange();
  Object.assign(env, { M2M_TOKEN_ENDPOINT: "", M2M_ISSUER: ` ${issuer}\n` });

  await authenticatorFromEnv({ env, fetch }).getCredentials();

  assertEquals(stub.requests.length, 1);
});

Deno.test("an option that can't be what it should be is told as that, and not as the issuer's fault", () => {
  const env = { ...arrange().env, M2M_TOKEN_ENDPOINT: "", M2M_ISSUER: issuer };
  for (const [option, type] of [["waitUntil", TypeError], ["fetch", TypeError], ["timeout", TypeError]] as const) {
    const options = { env, [option]: "planted" } as unknown as AuthenticatorFromEnvOptions;
    assertThrows(() => authenticatorFromEnv(options), type, `${option} must be`);
  }
});

Deno.test("an issuer may be http: on loopback, where that is allowed, and where another variable counts", () => {
  const { env } = arrange();
  Object.assign(env, { M2M_TOKEN_ENDPOINT: "", M2M_ISSUER: "http://auth.test" });

  authenticatorFromEnv({ env, allowInsecureRequests: true });
  authenticatorFromEnv({ env: { ...env, M2M_ISSUER: "http://127.0.0.1:9" } });
  authenticatorFromEnv({ env: { ...env, M2M_TOKEN_ENDPOINT: "https://auth.test/token" } });
  assertThrows(() => authenticatorFromEnv({ env, allowInsecureRequests: true, timeout: -1 }), RangeError, "timeout");
});

Deno.test("a named variable that goes missing later is told by the name of the one that names it", async () => {
  const { fetch, env } = arrange();
  Object.assign(env, { M2M_CLIENT_SECRET_ENV_VAR: "OTHER", OTHER: "named" });
  const authenticator = authenticatorFromEnv({ env, fetch });
  delete env.OTHER;

  await assertRejects(
    () => authenticator.getCredentials(),
    AuthenticationError,
    "the variable that M2M_CLIENT_SECRET_ENV_VAR names is missing",
  );
});

const flyteEnv = {
  FLYTE_PLATFORM_URL: "dns:///flyte.test:443",
  FLYTE_CREDENTIALS_CLIENT_ID: planted.clientId,
  FLYTE_CREDENTIALS_CLIENT_SECRET: planted.secret,
  FLYTE_CREDENTIALS_SCOPES: "all,offline",
  FLYTE_CREDENTIALS_AUDIENCE: "https://flyte.test",
  FLYTE_CREDENTIALS_AUTH_MODE: "ClientSecret",
};

Deno.test("Flyte's names are read, and win over what the store says", async () => {
  const { fetch, stub, calls } = arrange();
  const configStore = new StaticClientConfigStore({
    tokenEndpoint: stub.url,
    scopes: ["advertised"],
    headerKey: "flyte-authorization",
  });

  await authenticatorFromEnv({ names: flyteEnvNames, env: flyteEnv, fetch, configStore }).fetch("/api/v1/projects");
  await authenticatorFromEnv({
    names: flyteEnvNames,
    env: { ...flyteEnv, FLYTE_PLATFORM_URL: "localhost:30080", FLYTE_PLATFORM_INSECURE: "True" },
    fetch,
    configStore,
  }).fetch("/api/v1/projects");

  assertEquals(stub.requests[0]?.form.get("scope"), "all offline");
  assertEquals(stub.requests[0]?.form.get("audience"), "https://flyte.test");
  assertEquals(calls.map(({ url, headers }) => [url, headers.has("flyte-authorization")]), [
    ["https://flyte.test/api/v1/projects", true],
    ["http://localhost:30080/api/v1/projects", true],
  ]);
});

Deno.test("what gRPC takes for a name server, or speaks in the clear unasked, is no platform", () => {
  const configStore = new StaticClientConfigStore({ tokenEndpoint: "https://auth.test" });
  for (
    const url of [
      "dns://127.0.0.1:9/flyte.test",
      " dns://127.0.0.1:9/flyte.test",
      "dns://127.0.0.1:9\\flyte.test",
      "dns:/flyte.test",
      "dns:flyte",
      "http://flyte.test",
      `https://flyte.test/?${planted.query}`,
      `https://me:${planted.token}@flyte.test`,
      "fly te.test",
    ]
  ) {
    const { code, message } = failure({
      names: flyteEnvNames,
      configStore,
      env: { ...flyteEnv, FLYTE_PLATFORM_URL: url },
    });
    assertEquals([code, message], [
      "invalid_config",
      "Cannot use the settings in the environment: FLYTE_PLATFORM_URL must be a platform's, such as " +
      "dns:///flyte.example.com, and FLYTE_PLATFORM_INSECURE be true if it is http:.",
    ], url);
  }
  const env = { ...flyteEnv, FLYTE_PLATFORM_URL: "http://flyte.test" };
  authenticatorFromEnv({ names: flyteEnvNames, configStore, env, allowInsecureRequests: true });
  authenticatorFromEnv({ names: flyteEnvNames, configStore, env: { ...env, FLYTE_PLATFORM_INSECURE: "1" } });
});

Deno.test("Flyte's switches are told by name where they can't be followed", () => {
  const configStore = new StaticClientConfigStore({ tokenEndpoint: "https://auth.test" });
  const { message } = failure({
    names: flyteEnvNames,
    configStore,
    env: {
      ...flyteEnv,
      FLYTE_PLATFORM_INSECURE: "perhaps",
      FLYTE_PLATFORM_INSECURE_SKIP_VERIFY: planted.token,
      FLYTE_PLATFORM_HTTP_PROXY_URL: `proxy ${planted.secret}`,
      FLYTE_CREDENTIALS_AUTH_MODE: "Pkce",
    },
  });
  for (const name of ["INSECURE", "INSECURE_SKIP_VERIFY", "HTTP_PROXY_URL"]) {
    assert(message.includes(`FLYTE_PLATFORM_${name} must be `), message);
  }
  assert(message.includes("FLYTE_CREDENTIALS_AUTH_MODE must be client_credentials"), message);
});

Deno.test("Flyte's proxy and certificates become the authenticator's", async () => {
  const configStore = new StaticClientConfigStore({ tokenEndpoint: "https://auth.test" });
  const options = (env: Record<string, string>) => ({
    names: flyteEnvNames,
    configStore,
    env: { ...flyteEnv, ...env },
    retry: { maxAttempts: 1 },
  });
  await using proxied = authenticatorFromEnv(options({ FLYTE_PLATFORM_HTTP_PROXY_URL: "http://127.0.0.1:9" }));
  await using verified = authenticatorFromEnv(options({ FLYTE_PLATFORM_CA_CERT_FILE_PATH: "/no/such/file.pem" }));

  const [proxy, ca] = await Promise.all(
    [proxied, verified].map((one) => one.getCredentials().catch((error: unknown) => error)),
  );

  assertInstanceOf(proxy, AuthenticationError);
  assert(proxy.message.includes("by way of http://127.0.0.1:9"), proxy.message);
  assertInstanceOf(ca, AuthenticationError);
  assert(ca.message.includes("Cannot use verify"), ca.message);
});

Deno.test("names that have none for a setting that is needed ask for it as an option", () => {
  assertThrows(
    () => authenticatorFromEnv({ names: flyteEnvNames, env: flyteEnv }),
    TypeError,
    "configStore must be given, or names.tokenEndpoint be the name of a variable.",
  );
});
