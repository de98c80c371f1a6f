import { assertArrayIncludes, assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError, ClientCredentialsAuthenticator, type Fetch } from "@m2m/authenticator";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { json, redirect } from "../faults/behaviours.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startFaultServer } from "../servers/fault_server.ts";
import { chooseSource, environment, flags, root } from "../std/source.ts";

const clients = [{ client_id: "my-client", client_secret: "my-secret" }];

Deno.test("DiscoveryClientConfigStore: leads to a token of a real server", async () => {
  await using server = await startAuthorizationServer({ clients });
  const configStore = new DiscoveryClientConfigStore(server.issuer, { overrides: { scopes: ["api:read"] } });
  await using authenticator = new ClientCredentialsAuthenticator({
    endpoint: "http://127.0.0.1:1",
    clientId: "my-client",
    clientSecret: "my-secret",
    configStore,
  });

  assertEquals((await authenticator.getCredentials()).scope, "api:read");

  assertEquals(server.tokenRequests.map(({ status, parameters }) => [status, parameters.scope]), [[200, "api:read"]]);
  const metadata = await configStore.getMetadata();
  assertEquals([metadata.issuer, metadata.token_endpoint, metadata.jwks_uri], [
    server.issuer,
    server.tokenEndpoint,
    server.jwksUri,
  ]);
  assertArrayIncludes(metadata.token_endpoint_auth_methods_supported ?? [], ["client_secret_basic", "private_key_jwt"]);
  assertArrayIncludes(metadata.grant_types_supported ?? [], ["client_credentials"]);
  assertArrayIncludes(metadata.scopes_supported ?? [], ["api:read"]);
  const other = new DiscoveryClientConfigStore(server.issuer.replace("127.0.0.1", "localhost"));
  await assertRejects(() => other.getMetadata(), AuthenticationError, "names another issuer");
});

const oauth = "/.well-known/oauth-authorization-server";
const openid = "/.well-known/openid-configuration";
const locations: Record<string, readonly string[]> = {
  "": [oauth, openid],
  "/": [oauth, openid],
  "/tenant": [`${oauth}/tenant`, `${openid}/tenant`, `/tenant${openid}`],
  "/realms/a%20b/": [`${oauth}/realms/a%20b`, `${openid}/realms/a%20b`, `/realms/a%20b${openid}`],
};
for (const [path, expected] of Object.entries(locations)) {
  Deno.test(`DiscoveryClientConfigStore: requests ${expected.join(", ")} until one answers`, async () => {
    await using server = await startFaultServer();
    const issuer = server.origin + path;
    for (const [index, location] of [...expected, undefined].entries()) {
      server.requests.length = 0;
      server.always(({ path }) =>
        path === location ? json({ issuer, token_endpoint: `${issuer}/t` }) : json({}, { status: 404 })
      );

      const got = await new DiscoveryClientConfigStore(issuer).getClientConfig().catch(({ code }) => code);

      if (location === undefined) assertEquals(got, "config_not_found");
      else assertEquals([got.issuer, got.tokenEndpoint], [issuer, `${issuer}/t`]);
      assertEquals(server.requests.map(({ path }) => path), expected.slice(0, index + 1));
    }
  });
}

Deno.test("DiscoveryClientConfigStore: refuses what a fetch brings that follows redirects", async () => {
  await using elsewhere = await startFaultServer();
  await using server = await startFaultServer(redirect(302, `${elsewhere.origin}/metadata`));
  elsewhere.always(json({ issuer: server.origin, token_endpoint: `${elsewhere.origin}/token` }));
  const follows: Fetch = (input, init) => fetch(input, { ...init, redirect: "follow" });

  const store = new DiscoveryClientConfigStore(server.origin, { fetch: follows });
  const error = await assertRejects(() => store.getMetadata(), AuthenticationError, "Redirects aren't followed");

  assertEquals([error.code, error.status], ["redirect_refused", undefined]);
});

const source = await chooseSource();

Deno.test("DiscoveryClientConfigStore: needs permission for the issuer's host only, and names it", async () => {
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
  const run = async (...permissions: string[]) => {
    const options = ["--quiet", "--no-prompt", "--allow-import", ...permissions];
    const args = ["run", ...flags(source, "run"), ...options, script];
    return (await runToEnd(Deno.execPath(), { args, env: environment(source) })).stdout;
  };

  assertEquals(await run(`--allow-net=${host}`), `${server.origin}/token\n`);
  const denied = await run();
  assertEquals([denied.startsWith("permission_denied"), denied.includes(`--allow-net=${host}.`)], [true, true]);
});
