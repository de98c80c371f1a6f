import { assert, assertArrayIncludes, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AuthenticationError, ClientCredentialsAuthenticator, type Fetch } from "@m2m/authenticator";
import { DiscoveryClientConfigStore, type DiscoveryOptions } from "@m2m/authenticator/config-store/discovery";
import { json, redirect } from "../faults/behaviours.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { closedPort, startFaultServer } from "../servers/fault_server.ts";
import { chooseSource, environment, flags, root } from "../std/source.ts";

const clients = [{ client_id: "my-client", client_secret: "my-secret" }];

Deno.test("a real server's metadata leads to a token", async () => {
  await using server = await startAuthorizationServer({ clients });
  const configStore = new DiscoveryClientConfigStore(server.issuer, { overrides: { scopes: ["api:read"] } });
  await using authenticator = new ClientCredentialsAuthenticator({
    endpoint: "http://127.0.0.1:1",
    clientId: "my-client",
    clientSecret: "my-secret",
    configStore,
  });

  const { scope } = await authenticator.getCredentials();

  assertEquals(scope, "api:read");
  assertEquals(server.tokenRequests.map(({ status, parameters }) => [status, parameters.scope]), [[200, "api:read"]]);
  const metadata = await configStore.getMetadata();
  assertEquals([metadata.issuer, metadata.token_endpoint], [server.issuer, server.tokenEndpoint]);
  assertEquals(metadata.jwks_uri, server.jwksUri);
  assertArrayIncludes(metadata.token_endpoint_auth_methods_supported ?? [], ["client_secret_basic", "private_key_jwt"]);
  assertArrayIncludes(metadata.grant_types_supported ?? [], ["client_credentials"]);
  assertArrayIncludes(metadata.scopes_supported ?? [], ["api:read"]);
});

Deno.test("a real server whose issuer is written in another way is refused", async () => {
  await using server = await startAuthorizationServer({ clients });
  const store = new DiscoveryClientConfigStore(server.issuer.replace("127.0.0.1", "localhost"));

  await assertRejects(() => store.getMetadata(), AuthenticationError, "names another issuer");
});

/** The places asked for an issuer, where there is nothing. */
const places: Record<string, readonly string[]> = {
  "": ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"],
  "/": ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"],
  "/tenant": [
    "/.well-known/oauth-authorization-server/tenant",
    "/.well-known/openid-configuration/tenant",
    "/tenant/.well-known/openid-configuration",
  ],
  "/realms/a%20b/": [
    "/.well-known/oauth-authorization-server/realms/a%20b",
    "/.well-known/openid-configuration/realms/a%20b",
    "/realms/a%20b/.well-known/openid-configuration",
  ],
};
for (const [path, expected] of Object.entries(places)) {
  Deno.test(`for an issuer with the path "${path}" these places are asked: ${expected.join(", ")}`, async () => {
    await using server = await startFaultServer(json({}, { status: 404 }));
    const store = new DiscoveryClientConfigStore(server.origin + path);

    await assertRejects(() => store.getMetadata(), AuthenticationError, "answered 404");

    assertEquals(server.requests.map(({ path }) => path), expected);
  });

  Deno.test(`for an issuer with the path "${path}" each of its places will do, and ends the search`, async () => {
    for (const [index, place] of expected.entries()) {
      await using server = await startFaultServer();
      const issuer = server.origin + path;
      server.always(({ path }) =>
        path === place ? json({ issuer, token_endpoint: `${issuer}/t` }) : json({}, { status: 404 })
      );

      const config = await new DiscoveryClientConfigStore(issuer).getClientConfig();

      assertEquals([config.issuer, config.tokenEndpoint], [issuer, `${issuer}/t`]);
      assertEquals(server.requests.length, index + 1);
    }
  });
}

Deno.test("of issuer and metadata one may end in a slash and the other not; the server's own spelling counts", async () => {
  for (const [given, published] of [["", "/"], ["/", ""], ["/tenant", "/tenant/"], ["/tenant/", "/tenant"]] as const) {
    await using server = await startFaultServer();
    server.always(json({ issuer: server.origin + published, token_endpoint: `${server.origin}/token` }));

    const { issuer } = await new DiscoveryClientConfigStore(new URL(server.origin + given)).getClientConfig();

    assertEquals(issuer, server.origin + published);
  }
});

Deno.test("an issuer in other letters, or with its port, is told as that, and not as another's", async () => {
  for (const [given, published] of [["AUTH.test", "auth.test"], ["auth.test", "auth.test:443"]]) {
    const fetch = () =>
      Promise.resolve(Response.json({ issuer: `https://${published}`, token_endpoint: "https://auth.test/t" }));

    const { code, message } = await assertRejects(
      () => new DiscoveryClientConfigStore(`https://${given}`, { fetch }).getMetadata(),
      AuthenticationError,
      "spells the issuer differently",
    );

    assertEquals([code, message.includes("trust")], ["invalid_config", false]);
    const { issuer } = await new DiscoveryClientConfigStore(`https://${published}`, { fetch }).getMetadata();
    assertEquals(issuer, `https://${published}`);
  }
});

Deno.test("the overrides count, and nothing else the server tells of is asked for", async () => {
  await using server = await startFaultServer();
  const { origin } = server;
  const mtls_endpoint_aliases = { token_endpoint: `${origin}/mtls` };
  server.always(
    json({ issuer: origin, token_endpoint: `${origin}/token`, scopes_supported: ["all"], mtls_endpoint_aliases }),
  );
  const config = (options?: DiscoveryOptions) => new DiscoveryClientConfigStore(origin, options).getClientConfig();
  const nothing = {
    ...{ scopes: undefined, audience: undefined, resource: undefined },
    ...{ headerKey: undefined, revocationEndpoint: undefined },
  };

  assertEquals(await config(), { ...nothing, issuer: origin, tokenEndpoint: `${origin}/token` });
  const overrides = { scopes: ["a"], audience: "https://x.test", resource: "https://y.test", headerKey: "X-Token" };
  assertEquals(await config({ overrides }), {
    resource: ["https://y.test"],
    scopes: ["a"],
    audience: "https://x.test",
    headerKey: "x-token",
    revocationEndpoint: undefined,
    issuer: origin,
    tokenEndpoint: `${origin}/token`,
  });
  assertEquals((await config({ useMtlsEndpointAliases: true })).tokenEndpoint, `${origin}/mtls`);
  server.always(json({ issuer: origin, token_endpoint: `${origin}/token` }));
  assertEquals((await config({ useMtlsEndpointAliases: true })).tokenEndpoint, `${origin}/token`);
});

Deno.test("requests go by the store's own fetch, else by that of whoever asks", async () => {
  const issuer = "https://auth.test";
  const sent: string[] = [];
  const by = (name: string) => () => {
    sent.push(name);
    return Promise.resolve(Response.json({ issuer, token_endpoint: `${issuer}/token` }));
  };

  await new DiscoveryClientConfigStore(issuer, { fetch: by("own") }).getClientConfig({ fetch: by("asker's") });
  await new DiscoveryClientConfigStore(issuer).getClientConfig({ fetch: by("asker's") });

  assertEquals(sent, ["own", "asker's"]);
});

Deno.test("what a fetch brings that follows redirects all the same is refused", async () => {
  await using elsewhere = await startFaultServer();
  await using server = await startFaultServer(redirect(302, `${elsewhere.origin}/metadata`));
  elsewhere.always(json({ issuer: server.origin, token_endpoint: `${elsewhere.origin}/token` }));
  const follows: Fetch = (input, init) => fetch(input, { ...init, redirect: "follow" });

  const error = await assertRejects(
    () => new DiscoveryClientConfigStore(server.origin, { fetch: follows }).getMetadata(),
    AuthenticationError,
    "redirects. Redirects aren't followed",
  );

  assertEquals([error.code, error.status], ["redirect_refused", undefined]);
});

Deno.test("a server that asks to be left alone is asked in no other place", async () => {
  for (const [headers, requests] of [[{ "retry-after": "7" }, 1], [{}, 3]] as const) {
    await using server = await startFaultServer(json({}, { status: 429, headers }));

    const error = await assertRejects(
      () => new DiscoveryClientConfigStore(`${server.origin}/tenant`).getMetadata(),
      AuthenticationError,
    );

    assertEquals([error.code, error.retryable, error.status], ["config_store_failed", true, 429]);
    assertEquals(error.retryAfter, "retry-after" in headers ? 7_000 : undefined);
    assertEquals(server.requests.length, requests);
  }
});

Deno.test("who shows a certificate isn't led past an http: alias without a word", async () => {
  const issuer = "https://auth.test";
  const published = {
    issuer,
    token_endpoint: `${issuer}/token`,
    mtls_endpoint_aliases: { token_endpoint: "http://mtls.test/token" },
  };
  const fetch = () => Promise.resolve(Response.json(published));
  const store = new DiscoveryClientConfigStore(issuer, { fetch });

  for (const authMethod of ["tls_client_auth", "self_signed_tls_client_auth"]) {
    const error = await assertRejects(
      () => store.getClientConfig({ authMethod }),
      AuthenticationError,
      "mtls_endpoint",
    );
    assertEquals(error.code, "insecure_endpoint");
  }
  assertEquals((await store.getClientConfig()).tokenEndpoint, `${issuer}/token`);
  assertEquals((await store.getMetadata()).mtls_endpoint_aliases, {});
  const allowed = new DiscoveryClientConfigStore(issuer, { fetch, allowInsecureRequests: true });
  assertEquals(
    (await allowed.getClientConfig({ authMethod: "tls_client_auth" })).tokenEndpoint,
    "http://mtls.test/token",
  );
});

Deno.test("an https: issuer can't send a secret to this machine in the clear, unless that is allowed", async () => {
  const issuer = "https://auth.test";
  const fetch = () => Promise.resolve(Response.json({ issuer, token_endpoint: "http://127.0.0.1:9/token" }));

  const error = await assertRejects(
    () => new DiscoveryClientConfigStore(issuer, { fetch }).getMetadata(),
    AuthenticationError,
  );
  assertEquals(error.code, "insecure_endpoint");
  const { token_endpoint } = await new DiscoveryClientConfigStore(issuer, { fetch, allowInsecureRequests: true })
    .getMetadata();
  assertEquals(token_endpoint, "http://127.0.0.1:9/token");
});

Deno.test("wrong arguments are told at once", () => {
  const wrong: [string, DiscoveryOptions, typeof TypeError | typeof RangeError, string][] = [
    ["", {}, TypeError, "issuer must be an absolute URL"],
    ["auth.example.com", {}, TypeError, "issuer must be an absolute URL"],
    ["https://me:planted@auth.test", {}, TypeError, "without user name and password"],
    ["https://auth.test/?planted", {}, TypeError, "neither query nor fragment (RFC 8414 §2)"],
    ["https://auth.test/#planted", {}, TypeError, "neither query nor fragment (RFC 8414 §2)"],
    ["https://auth.test\n", {}, TypeError, "issuer must be written without white space"],
    [" https://auth.test", {}, TypeError, "issuer must be written without white space"],
    ["https://auth.test/a/../b", {}, TypeError, 'issuer must be written as it is resolved: "https://auth.test/b"'],
    ["https:auth.test", {}, TypeError, "issuer must be written as it is resolved"],
    ["https:\\\\auth.test", {}, TypeError, 'issuer must be written as it is resolved: "https://auth.test/"'],
    ["http://auth.test", {}, TypeError, 'issuer must be an "https:" URL'],
    ["https://auth.test", { maxAge: -1 }, RangeError, "maxAge must be"],
    ["https://auth.test", { maxAge: NaN }, RangeError, "maxAge must be"],
    ["https://auth.test", { timeout: 0 }, RangeError, "timeout must be"],
    ["https://auth.test", { timeout: 2 ** 31 }, RangeError, "timeout must be"],
    ["https://auth.test", { overrides: { scopes: ["a b"] } }, TypeError, "one scope (RFC 6749 §3.3) an element"],
    ["https://auth.test", { overrides: { headerKey: "a b" } }, TypeError, "headerKey must be a header name"],
    [
      "https://auth.test",
      { overrides: { resource: "https://x.test/#a" } },
      TypeError,
      "without fragment (RFC 8707 §2)",
    ],
  ];
  for (const [issuer, options, type, message] of wrong) {
    const error = assertThrows(() => new DiscoveryClientConfigStore(issuer, options), type, message);
    assert(!error.message.includes("planted"));
  }
  new DiscoveryClientConfigStore("http://auth.test", { allowInsecureRequests: true });
  new DiscoveryClientConfigStore("http://[::1]:8080/x", { maxAge: Infinity });
});

Deno.test("a server that isn't there is trouble that may pass", async () => {
  const store = new DiscoveryClientConfigStore(`http://127.0.0.1:${await closedPort()}`);

  const error = await assertRejects(() => store.getMetadata(), AuthenticationError, "it can't be reached");

  assertEquals([error.code, error.retryable, error.cause], ["network_error", true, undefined]);
});

const source = await chooseSource();

Deno.test("on Deno the issuer's host is all that must be allowed, and what is missing is named", async () => {
  await using server = await startFaultServer();
  server.always(json({ issuer: server.origin, token_endpoint: `${server.origin}/token` }));
  const host = new URL(server.origin).host;
  const script = `data:text/typescript,${
    encodeURIComponent(`
      import { DiscoveryClientConfigStore } from "file://${root}/src/discovery/discovery.ts";
      const store = new DiscoveryClientConfigStore("${server.origin}");
      console.log(await store.getClientConfig().then((config) => config.tokenEndpoint, ({ code, message }) => code + message));
    `)
  }`;
  const run = (...permissions: string[]) =>
    runToEnd(Deno.execPath(), {
      args: ["run", ...flags(source, "run"), "--quiet", "--no-prompt", "--allow-import", ...permissions, script],
      env: environment(source),
    });

  assertEquals(await run(`--allow-net=${host}`), {
    success: true,
    stdout: `${server.origin}/token\n`,
    stderr: "",
  });
  assertEquals(
    (await run()).stdout,
    `permission_deniedCannot reach ${server.origin}: not permitted. Run with --allow-net=${host}.\n`,
  );
});
