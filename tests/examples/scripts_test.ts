/** The examples that print something and end, each with what its header says it needs. */

import { assertEquals } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { SignJWT } from "jose";
import { getBasicAuthorizationHeader } from "@m2m/authenticator";
import { testKey } from "../client_auth/signing_keys.ts";
import { setTlsStage } from "../client_auth/tls_stage.ts";
import { startScene as startDpopScene } from "../dpop/scene.ts";
import { clientSecret, startScene as startGrantScene, trustedKey, voucher } from "../grant/scene.ts";
import { farSecret, startTwoDomains } from "../grant/two_domains.ts";
import { bunExecutable } from "../runtimes/bun.ts";
import { ownProject } from "../transport/project.ts";
import { testOnPrograms } from "../runtimes/every_runtime.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { audience, client, frontAudience, startFlyteBackend } from "../servers/flyte_backend.ts";
import { startIntrospectingApi } from "../servers/introspecting_api.ts";
import { serve } from "../servers/loopback.ts";
import { jwtBearerGrant } from "../servers/machine_grants.ts";
import { startMcpServer } from "../servers/mcp_server.ts";
import { startProtectedApi } from "../servers/protected_api.ts";
import { calls, projects, startBackend } from "./backend.ts";
import { assertRuns, commandLine, type RunExample } from "./run_example.ts";

const success = "GET /v1/projects 200";
const wrong = "wrong-secret-8f2c";

/** Two hosts and six variables are allowed. */
async function checkScript(file: string, prints: unknown, run?: RunExample): Promise<void> {
  await using backend = await startBackend();
  await assertRuns({
    ...{ command: [file], net: backend.origins, env: backend.settings },
    seen: () => [backend.countTokenRequests(), ...calls(backend)],
    secrets: () => [wrong, ...backend.secrets()],
  }, [
    { prints, seen: [1, success] },
    { env: { M2M_CLIENT_ID: "" }, fails: "M2M_CLIENT_ID", seen: [1, success] },
    { env: { M2M_CLIENT_SECRET: wrong }, fails: "invalid_client", seen: [2, success] },
  ], run);
}

/** Runs an example in a project of its own, where a package that isn't installed is missing. */
const inProject = (executable: string, flag: string): RunExample => async ({ command: [file = ""], env }) => {
  await using project = await ownProject([`../../examples/${file}`]);
  return await runToEnd(executable, { args: [flag, file], cwd: project.path, env });
};

const title = "prints the projects, names a missing variable, and fails with a wrong secret";
Deno.test(`deno_script.ts: ${title}`, () => checkScript("deno_script.ts", projects));
Deno.test(`telemetry.ts: ${title}`, () =>
  checkScript("telemetry.ts", projects, (run) => {
    return runToEnd(Deno.execPath(), commandLine({ ...run, names: "M2M_*" }));
  }));
Deno.test(`sdk.ts: ${title}`, () => checkScript("sdk.ts", "p1: Apollo\np2: Gemini\n"));

Deno.test("shared_token.ts: its second run uses the token of the first, sealed", async () => {
  await using backend = await startBackend();
  await using folder = await temporaryFolder("tokens_");
  const tokens = `${folder.path}/tokens`;
  const key = encodeBase64(crypto.getRandomValues(new Uint8Array(32)));
  await assertRuns({
    ...{ command: ["shared_token.ts"], net: backend.origins, write: [tokens] },
    env: { ...backend.settings, M2M_TOKEN_FOLDER: tokens, M2M_SEALING_KEY: key },
    seen: () => backend.countTokenRequests(),
    secrets: () => [key, ...backend.secrets()],
  }, [
    { prints: projects, seen: 1 },
    { prints: /The token of an earlier run is used\.\n$/, seen: 1 },
  ]);
});

const testOnBun = await testsOn("Bun", bunExecutable);
testOnBun(`bun_script.ts: ${title}`, (bun) => checkScript("bun_script.ts", projects, inProject(bun, "--no-install")));

Deno.test("json_token_endpoint.ts: gets a token by JSON, from an answer of another shape", async () => {
  const seen: unknown[] = [];
  await using server = serve(async (request) => {
    if (!request.url.endsWith("/token")) return Response.json({ by: request.headers.get("authorization") });
    seen.push(request.headers.get("content-type"), await request.json());
    return Response.json({ data: { token: "token-1", ttl: 60 } });
  });
  const endpoints = { M2M_ENDPOINT: server.origin, M2M_TOKEN_ENDPOINT: `${server.origin}/token` };
  await assertRuns({
    ...{ command: ["json_token_endpoint.ts"], net: [server.origin], names: "M2M_*" },
    env: { ...endpoints, M2M_CLIENT_ID: "id", M2M_CLIENT_SECRET: "s3cret" },
  }, [{ prints: '200 {"by":"Bearer token-1"}\n' }]);
  const form = { grant_type: "client_credentials", client_id: "id", client_secret: "s3cret" };
  assertEquals(seen, ["application/json", form]);
});

const key = await testKey("Ed25519");

const keyClient = {
  client_id: "example",
  token_endpoint_auth_method: "private_key_jwt" as const,
  jwks: { keys: [key.publicJwk] },
};

/** Signs a workload identity by that client's key. */
const signIdentity = (audience: string) =>
  new SignJWT({ iss: "example", sub: "example", aud: audience, jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: "EdDSA" }).setExpirationTime("5 minutes").sign(key.cryptoKey);

/** A client that authenticates by a key, with which workload identities are signed as well. */
async function startKeyBackend() {
  await using stack = new AsyncDisposableStack();
  const { issuer, jwksUri, tokenEndpoint } = stack.use(await startAuthorizationServer({ clients: [keyClient] }));
  const api = stack.use(startProtectedApi({ issuer, jwksUri, audience: issuer }));
  const endpoints = { M2M_ENDPOINT: api.origin, M2M_ISSUER: issuer, M2M_TOKEN_ENDPOINT: tokenEndpoint };
  const started = stack.move();
  return {
    issuer,
    net: [api.origin, issuer],
    env: { ...endpoints, M2M_CLIENT_ID: "example", M2M_SCOPES: "api:read" },
    sign: signIdentity,
    secrets: () => [...key.secrets, "wrong-token"],
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

Deno.test("private_key.ts: prints the projects, and may read its key alone", async () => {
  await using backend = await startKeyBackend();
  const env = { ...backend.env, M2M_KEY_ID: key.publicJwk.kid! };
  await assertRuns({ ...backend, command: ["private_key.ts"], env, files: { M2M_KEY_FILE: key.pem } }, [
    { prints: projects },
    { read: [], fails: "Run with --allow-read" },
  ]);
});

Deno.test("kubernetes.ts: prints the projects, by the token in its file", async () => {
  await using backend = await startKeyBackend();
  const files = { M2M_TOKEN_FILE: `${await backend.sign(backend.issuer)}\n` };
  await assertRuns({ ...backend, command: ["kubernetes.ts"], files }, [{ prints: projects }]);
});

Deno.test("github_actions.ts: prints the projects, by the job's ID token", async () => {
  await using backend = await startKeyBackend();
  await using github = serve(async ({ url, headers }) =>
    headers.get("authorization") === "Bearer request-token"
      ? Response.json({ value: await backend.sign(new URL(url).searchParams.get("audience")!) })
      : new Response(null, { status: 401 })
  );
  const url = `${github.origin}/token?api-version=2.0`;
  const job = { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request-token" };
  const [net, env] = [[...backend.net, url], { ...backend.env, ...job }];
  await assertRuns({ ...backend, command: ["github_actions.ts"], net, env }, [
    { prints: projects },
    { env: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: "wrong-token" }, fails: "answered 401. Give the job" },
  ]);
});

Deno.test("cloud_run.ts: prints the projects, by its service account's ID token", async () => {
  await using backend = await startKeyBackend();
  await using google = serve(async ({ url, headers }) => {
    const { pathname, searchParams } = new URL(url);
    const isKnown = pathname.endsWith("/default/identity") && headers.get("metadata-flavor") === "Google";
    return isKnown
      ? new Response(await backend.sign(searchParams.get("audience")!), { headers: { "metadata-flavor": "Google" } })
      : new Response(null, { status: 403 });
  });
  const [net, env] = [[...backend.net, google.origin], { ...backend.env, M2M_METADATA_SERVER: google.origin }];
  await assertRuns({ ...backend, command: ["cloud_run.ts"], net, env }, [
    { prints: projects },
    { env: { M2M_METADATA_SERVER: backend.issuer }, fails: "answered 404. Run it on Google Cloud" },
  ]);
});

Deno.test("dpop.ts: creates a project, with and without nonces, and fails with the server's error code", async () => {
  const prints = { method: "POST", path: "/v1/projects", body: '{"name":"Gemini"}', client: "bound" };
  for (const options of [{}, { serverNonces: true, api: { nonce: "first" } }]) {
    await using scene = await startDpopScene(options);
    const [endpoint, tokenEndpoint] = [scene.api.origin, scene.server.tokenEndpoint];
    const client = { M2M_CLIENT_ID: "bound", M2M_CLIENT_SECRET: "secret", M2M_SCOPES: "api:read" };
    await assertRuns({
      command: ["dpop.ts", "Gemini"],
      net: [endpoint, tokenEndpoint],
      env: { M2M_ENDPOINT: endpoint, M2M_TOKEN_ENDPOINT: tokenEndpoint, ...client },
      seen: () => scene.verifier.proofs.at(-1)?.htm,
    }, [{ prints, seen: "POST" }, { env: { M2M_CLIENT_ID: "unknown" }, fails: "invalid_client", seen: "POST" }]);
  }
});

/** Flyte's variables alone may be read, and two hosts be reached. */
function flyteScene({ flyte, issuer }: Awaited<ReturnType<typeof startFlyteBackend>>) {
  return {
    ...{ command: ["flyte.ts"], names: "FLYTE_*", net: [flyte.origin, issuer] },
    env: {
      FLYTE_PLATFORM_URL: `dns:///${new URL(flyte.origin).host}`,
      FLYTE_PLATFORM_INSECURE: "true",
      FLYTE_CREDENTIALS_CLIENT_ID: client.clientId,
      FLYTE_CREDENTIALS_CLIENT_SECRET: client.clientSecret,
    },
    secrets: () => [client.clientSecret],
  };
}

Deno.test("flyte.ts: prints the projects, and names a host that it may not reach", async () => {
  await using backend = await startFlyteBackend();
  const env = { FLYTE_CREDENTIALS_SCOPES: "all", FLYTE_CREDENTIALS_AUDIENCE: audience };
  const seen = [{ grant_type: "client_credentials", scope: "all", audience }];
  const fails = `Run with --allow-net=${new URL(backend.flyte.origin).host}`;
  await assertRuns({ ...flyteScene(backend), seen: backend.asked }, [
    { env, prints: "flytesnacks\n", seen },
    { net: [], fails, seen },
  ]);
});

Deno.test("identity_aware_proxy.ts: prints the projects", async () => {
  await using backend = await startFlyteBackend({ hasFront: true });
  const scene = flyteScene(backend);
  const { flyte, frontTokenEndpoint } = backend;
  const proxy = { PROXY_TOKEN_ENDPOINT: frontTokenEndpoint, PROXY_AUDIENCE: frontAudience };
  const proxyClient = { PROXY_CLIENT_ID: client.clientId, PROXY_CLIENT_SECRET: client.clientSecret };
  await assertRuns({
    ...scene,
    ...{ command: ["identity_aware_proxy.ts"], names: "FLYTE_*,PROXY_*", net: [...scene.net, frontTokenEndpoint] },
    env: { ...scene.env, FLYTE_PLATFORM_URL: flyte.origin, ...proxy, ...proxyClient },
  }, [{ prints: "flytesnacks\n" }]);
});

Deno.test("mcp_client.ts: lists the tools and calls one, and sends no identity to another issuer than the expected one", async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startAuthorizationServer({ clients: [keyClient], scopes: ["tools:call"] }));
  const { issuer, jwksUri, tokenRequests } = server;
  const mcp = stack.use(startMcpServer({ issuer, jwksUri, scope: "tools:call" }));
  await assertRuns({
    command: ["mcp_client.ts"],
    names: "M2M_*,MCP_TOOL",
    net: [mcp.url, issuer],
    env: { M2M_CLIENT_ID: "example", M2M_ENDPOINT: mcp.url, M2M_ISSUER: issuer, MCP_TOOL: "whoami" },
    files: { M2M_TOKEN_FILE: await signIdentity(issuer) },
    seen: () => tokenRequests.length,
    secrets: () => [...key.secrets, ...mcp.calls.flatMap(({ token }) => token ?? [])],
  }, [
    { env: { M2M_ISSUER: "https://auth.example.com" }, fails: "https://auth.example.com", seen: 0 },
    { prints: /whoami: .*\ncount: [^]*"text": "example"/, seen: 1 },
  ]);
});

/** Its key is in a file. */
const jwtBearer = {
  ...{ command: ["jwt_bearer.ts"], names: "M2M_*", files: { M2M_KEY_FILE: trustedKey.pem } },
  secrets: () => trustedKey.secrets,
};
const keySettings = { M2M_KEY_ALG: "ES256", M2M_KEY_ID: trustedKey.publicJwk.kid! };
const serviceAccount = { M2M_SERVICE_ACCOUNT: voucher, M2M_CLIENT_ID: "public", ...keySettings };

Deno.test("jwt_bearer.ts: prints the projects on behalf of a person", async () => {
  await using scene = await startGrantScene();
  const [{ origin, audience }, { tokenEndpoint }] = [scene.api, scene.server];
  const seen = () => [scene.lastToken().on_behalf_of, scene.lastToken().client_id];
  const person = { M2M_SUBJECT: "ada", M2M_SCOPES: "api:read", M2M_AUDIENCE: audience };
  const env = { M2M_ENDPOINT: origin, M2M_TOKEN_ENDPOINT: tokenEndpoint, ...serviceAccount, ...person };
  await assertRuns({ ...jwtBearer, net: [origin, tokenEndpoint], env, seen }, [
    { prints: projects, seen: ["ada", "public"] },
    { env: { M2M_SERVICE_ACCOUNT: "mallory" }, fails: "invalid_grant", seen: ["ada", "public"] },
  ]);
});

Deno.test("jwt_bearer.ts: revokes its token where the server has a revocation endpoint", async () => {
  const service = { client_id: "service", client_secret: clientSecret };
  const clients = [service, { client_id: "public", token_endpoint_auth_method: "none" }];
  const grants = [jwtBearerGrant({ [voucher]: [trustedKey.publicJwk] })];
  await using server = await startAuthorizationServer({ clients, grants, opaqueTokens: true });
  const { introspectionEndpoint, revocationEndpoint, revocationRequests, tokenEndpoint } = server;
  const authorization = getBasicAuthorizationHeader("service", clientSecret);
  await using api = startIntrospectingApi(introspectionEndpoint, authorization);
  const endpoints = { M2M_TOKEN_ENDPOINT: tokenEndpoint, M2M_REVOCATION_ENDPOINT: revocationEndpoint };
  await assertRuns({
    ...jwtBearer,
    net: [api.origin, tokenEndpoint],
    env: { M2M_ENDPOINT: api.origin, ...endpoints, ...serviceAccount },
    seen: () => revocationRequests.map(({ status }) => status),
  }, [{ prints: { client: "public" }, seen: [200] }]);
});

Deno.test("cross_app_access.ts: prints the projects of another domain on behalf of a person", async () => {
  await using domains = await startTwoDomains();
  const { near, far, api, subjects: { idToken } } = domains;
  const client = { M2M_CLIENT_ID: "far", M2M_CLIENT_SECRET: farSecret, M2M_SCOPES: "api:read" };
  const atIdp = { IDP_TOKEN_ENDPOINT: near.tokenEndpoint, IDP_CLIENT_ID: "service", IDP_CLIENT_SECRET: clientSecret };
  await assertRuns({
    ...{ command: ["cross_app_access.ts"], net: [near.issuer, far.issuer, api.origin] },
    env: { M2M_ENDPOINT: api.origin, M2M_ISSUER: far.issuer, ...client, ...atIdp, ID_TOKEN_FILE: "" },
    files: { ID_TOKEN_FILE: `${idToken}\n` },
    secrets: () => [clientSecret, farSecret, idToken],
  }, [
    { prints: projects },
    { env: { IDP_CLIENT_SECRET: wrong }, fails: "(first leg)" },
    { env: { M2M_CLIENT_SECRET: wrong }, fails: "(second leg)" },
  ]);
});

/** Three hosts, eight variables and three files are allowed. */
async function checkMutualTls(run?: RunExample): Promise<void> {
  await using stage = await setTlsStage();
  const { input: { issuer, api, authority, certificates }, server } = stage;
  const files = (name: "of my client" | "of another client") => {
    const { cert, key } = certificates[name];
    return { M2M_CERT_FILE: cert, M2M_KEY_FILE: key, M2M_CA_FILE: authority };
  };
  const endpoints = { M2M_ENDPOINT: api, M2M_ISSUER: issuer };
  const tokenRequests = () => server.tokenRequests.map(({ origin, status }) => `${origin} ${status}`);
  const [accepted, refused, called] = [`${server.mutual} 200`, `${server.mutual} 401`, "/v1/projects 200"];
  await assertRuns({
    ...{ command: ["mutual_tls.ts"], net: [api, issuer, server.mutual!] },
    env: { ...endpoints, M2M_CLIENT_ID: "by-subject", M2M_SCOPES: "api:read", M2M_AUDIENCE: issuer },
    seen: () => [...tokenRequests(), ...stage.api.calls.map(({ path, status }) => `${path} ${status}`)],
    secrets: () => stage.secrets,
  }, [
    { files: files("of my client"), prints: projects, seen: [accepted, called] },
    { files: files("of another client"), fails: "invalid_client", seen: [accepted, refused, called] },
  ], run);
}

Deno.test("mutual_tls.ts: prints the projects on Deno", () => checkMutualTls());

await testOnPrograms("mutual_tls.ts: prints the projects", (executable, { name }) => {
  return checkMutualTls(inProject(executable, name === "Bun" ? "--no-install" : "--no-warnings"));
});
