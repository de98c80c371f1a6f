import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SignJWT } from "jose";
import { testKey } from "../client_auth/signing_keys.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startProtectedApi } from "../servers/protected_api.ts";
import { chooseSource, environment, flags } from "../std/source.ts";
import { projects } from "./backend.ts";

const source = await chooseSource();
const key = await testKey("Ed25519");

/** Two servers, and a client known by its key: whoever vouches for a workload signs with that. */
async function startBackend() {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(
    await startAuthorizationServer({
      clients: [{
        client_id: "example",
        token_endpoint_auth_method: "private_key_jwt",
        jwks: { keys: [key.publicJwk] },
      }],
    }),
  );
  const api = stack.use(startProtectedApi({ issuer: server.issuer, jwksUri: server.jwksUri, audience: server.issuer }));
  const folder = stack.use(await temporaryFolder("example_"));
  const started = stack.move();
  return {
    server,
    folder: folder.path,
    settings: {
      M2M_ENDPOINT: api.origin,
      M2M_ISSUER: server.issuer,
      M2M_TOKEN_ENDPOINT: server.tokenEndpoint,
      M2M_CLIENT_ID: "example",
      M2M_SCOPES: "api:read",
    },
    hosts: [api.origin, server.issuer].map((origin) => new URL(origin).host),
    assertion: (audience: string) =>
      new SignJWT({ iss: "example", sub: "example", aud: audience, jti: crypto.randomUUID() })
        .setProtectedHeader({ alg: "EdDSA" }).setExpirationTime("5 minutes").sign(key.cryptoKey),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

function run(example: string, env: Record<string, string>, ...permissions: string[]) {
  const script = fileURLToPath(new URL(`../../examples/${example}`, import.meta.url));
  return runToEnd(Deno.execPath(), {
    args: ["run", ...flags(source, "run"), "--quiet", "--no-prompt", "--allow-env", ...permissions, script],
    env: { ...environment(source), ...env },
  });
}

Deno.test("the example with a private key prints the projects, and may read its key alone", async () => {
  await using backend = await startBackend();
  const file = join(backend.folder, "key.pem");
  await Deno.writeTextFile(file, key.pem);
  const settings = { ...backend.settings, M2M_KEY_FILE: file, M2M_KEY_ID: key.publicJwk.kid! };
  const net = `--allow-net=${backend.hosts}`;

  const { stdout, stderr } = await run("private_key.ts", settings, net, `--allow-read=${file}`);

  assertEquals([JSON.parse(stdout || "null"), stderr], [projects, ""]);

  const forbidden = await run("private_key.ts", settings, net);
  assertFalse(forbidden.success);
  assertStringIncludes(forbidden.stderr, "Run with --allow-read");
});

Deno.test("the example for Kubernetes prints the projects, by the token in its file", async () => {
  await using backend = await startBackend();
  const file = join(backend.folder, "authorization-server");
  await Deno.writeTextFile(file, `${await backend.assertion(backend.server.issuer)}\n`);
  const settings = { ...backend.settings, M2M_TOKEN_FILE: file };

  const { stdout, stderr } = await run(
    "kubernetes.ts",
    settings,
    `--allow-net=${backend.hosts}`,
    `--allow-read=${file}`,
  );

  assertEquals([JSON.parse(stdout || "null"), stderr], [projects, ""]);
});

Deno.test("the example for GitHub Actions prints the projects, by the token GitHub gives the job", async () => {
  await using backend = await startBackend();
  await using github = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { searchParams } = new URL(request.url);
    if (request.headers.get("authorization") !== "Bearer request-token") return new Response(null, { status: 401 });
    return Response.json({ value: await backend.assertion(searchParams.get("audience")!) });
  });
  const host = `127.0.0.1:${github.addr.port}`;
  const settings = {
    ...backend.settings,
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://${host}/token?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request-token",
  };
  const net = `--allow-net=${[...backend.hosts, host]}`;

  const { stdout, stderr } = await run("github_actions.ts", settings, net);
  assertEquals([JSON.parse(stdout || "null"), stderr], [projects, ""]);

  const refused = await run("github_actions.ts", { ...settings, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "wrong-token" }, net);
  assertFalse(refused.success);
  assertStringIncludes(refused.stderr, "Cannot get GitHub's token for this job: 401");
  assertFalse(refused.stderr.includes("wrong-token"));
});
