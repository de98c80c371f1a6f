/**
 * What the command line is tried against: an authorization server, an API, and a folder with secrets and keys.
 *
 * @module
 */

import { exportJWK, exportPKCS8, generateKeyPair } from "jose";
import { join } from "node:path";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { DpopVerifier } from "../servers/dpop_verifier.ts";
import { serve } from "../servers/loopback.ts";
import { jwtBearerGrant, tokenExchangeGrant } from "../servers/machine_grants.ts";
import { startProtectedApi } from "../servers/protected_api.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";

/** What must be seen nowhere but where it is meant to be. */
export const secrets = {
  basic: "planted-secret-of-basic-0123456789",
  raw: "planted secret: with/special+characters%",
  post: "planted-secret-of-post-0123456789",
  jwt: "planted-secret-of-jwt-0123456789-0123456789",
} as const;

export type Stage = Awaited<ReturnType<typeof startStage>>;

/** Starts it. Ports and folders are its own; disposing of it stops and removes all. */
export async function startStage({ lifetime }: { lifetime?: number } = {}) {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder("cli_"));
  const [signing, binding] = await Promise.all(
    ["RS256", "ES256"].map((alg) => generateKeyPair(alg, { extractable: true })),
  );
  const publicKey = { ...await exportJWK(signing!.publicKey), kid: "signing", alg: "RS256" };
  const grants = [jwtBearerGrant({ "key-client": [publicKey] }), tokenExchangeGrant()];
  const server = stack.use(
    await startAuthorizationServer({
      ...lifetime !== undefined && { lifetime },
      scopes: ["api:read", "api:write"],
      grants,
      clients: [
        { client_id: "basic-client", client_secret: secrets.basic },
        { client_id: "post-client", client_secret: secrets.post, token_endpoint_auth_method: "client_secret_post" },
        { client_id: "jwt-client", client_secret: secrets.jwt, token_endpoint_auth_method: "client_secret_jwt" },
        { client_id: "key-client", token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [publicKey] } },
        { client_id: "public-client", token_endpoint_auth_method: "none" },
      ],
    }),
  );
  const api = startProtectedApi({ ...server, dpop: new DpopVerifier() });
  stack.defer(api.close);
  // Answers with what it got.
  const echo = stack.use(serve(async (request) => {
    const { method, url, headers } = request;
    const { pathname, searchParams } = new URL(url);
    if (pathname === "/redirect") {
      const location = searchParams.get("to") ?? "http://elsewhere.example/\x9b";
      return new Response(null, { status: 307, headers: { location } });
    }
    const type = headers.get("content-type");
    return Response.json({
      method,
      path: pathname,
      type,
      custom: headers.get("x-custom"),
      body: await request.text(),
    });
  }));
  const write = async (name: string, text: string) => {
    await Deno.writeTextFile(join(folder.path, name), text, { mode: 0o600 });
    return join(folder.path, name);
  };
  const files = {
    secret: await write("secret", `${secrets.basic}\n`),
    wrongSecret: await write("wrong_secret", "planted-wrong-secret"),
    post: await write("post", secrets.post),
    jwt: await write("jwt", secrets.jwt),
    key: await write("key.pem", await exportPKCS8(signing!.privateKey)),
    dpopKey: await write("dpop.json", JSON.stringify(await exportJWK(binding!.privateKey))),
    body: await write("body.json", '{"from":"a file"}'),
  };
  await Deno.mkdir(join(folder.path, "work"));
  const moved = stack.move();
  return {
    folder: folder.path,
    work: join(folder.path, "work"),
    files,
    server,
    api,
    echo: echo.origin,
    write,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}
