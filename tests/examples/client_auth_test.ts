import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { SignJWT } from "jose";
import { testKey } from "../client_auth/signing_keys.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startProtectedApi } from "../servers/protected_api.ts";
import { projects } from "./backend.ts";
import { runExample } from "./run_example.ts";

const key = await testKey("Ed25519");

/** Two servers, and a client that authenticates by a key, with which workload identities are signed as well. */
async function startBackend() {
  await using stack = new AsyncDisposableStack();
  const jwks = { keys: [key.publicJwk] };
  const clients = [{ client_id: "example", token_endpoint_auth_method: "private_key_jwt" as const, jwks }];
  const { issuer, jwksUri, tokenEndpoint } = stack.use(await startAuthorizationServer({ clients }));
  const api = stack.use(startProtectedApi({ issuer, jwksUri, audience: issuer }));
  const folder = stack.use(await temporaryFolder("example_"));
  const started = stack.move();
  return {
    issuer,
    net: [api.origin, issuer],
    settings: {
      M2M_ENDPOINT: api.origin,
      M2M_ISSUER: issuer,
      M2M_TOKEN_ENDPOINT: tokenEndpoint,
      M2M_CLIENT_ID: "example",
      M2M_SCOPES: "api:read",
    },
    async write(text: string): Promise<string> {
      const file = join(folder.path, "file");
      await Deno.writeTextFile(file, text);
      return file;
    },
    sign: (audience: string) =>
      new SignJWT({ iss: "example", sub: "example", aud: audience, jti: crypto.randomUUID() })
        .setProtectedHeader({ alg: "EdDSA" }).setExpirationTime("5 minutes").sign(key.cryptoKey),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function assertPrintsProjects(run: Parameters<typeof runExample>[0]): Promise<void> {
  const { stdout, stderr } = await runExample(run);
  assertEquals([JSON.parse(stdout || "null"), stderr], [projects, ""]);
}

Deno.test("private_key.ts: prints the projects, and may read its key alone", async () => {
  await using backend = await startBackend();
  const read = await backend.write(key.pem);
  const env = { ...backend.settings, M2M_KEY_FILE: read, M2M_KEY_ID: key.publicJwk.kid! };
  const run = { command: ["private_key.ts"], net: backend.net, env } as const;

  await assertPrintsProjects({ ...run, read });

  const forbidden = await runExample(run);
  assertFalse(forbidden.success);
  assertStringIncludes(forbidden.stderr, "Run with --allow-read");
});

Deno.test("kubernetes.ts: prints the projects, by the token in its file", async () => {
  await using backend = await startBackend();
  const read = await backend.write(`${await backend.sign(backend.issuer)}\n`);
  const env = { ...backend.settings, M2M_TOKEN_FILE: read };

  await assertPrintsProjects({ command: ["kubernetes.ts"], net: backend.net, read, env });
});

Deno.test("github_actions.ts: prints the projects, by the job's ID token", async () => {
  await using backend = await startBackend();
  await using github = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { searchParams } = new URL(request.url);
    if (request.headers.get("authorization") !== "Bearer request-token") return new Response(null, { status: 401 });
    return Response.json({ value: await backend.sign(searchParams.get("audience")!) });
  });
  const url = `http://127.0.0.1:${github.addr.port}/token?api-version=2.0`;
  const run = (token: string) => ({
    command: ["github_actions.ts"] as const,
    net: [...backend.net, url],
    env: { ...backend.settings, ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token },
  });

  await assertPrintsProjects(run("request-token"));

  const refused = await runExample(run("wrong-token"));
  assertFalse(refused.success);
  assertStringIncludes(refused.stderr, "Cannot get GitHub's token for this job: 401");
  assertFalse(refused.stderr.includes("wrong-token"));
});
