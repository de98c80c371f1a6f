import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { pathToFileURL } from "node:url";
import { AuthenticationError, getToken } from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { secretFile } from "@m2m/authenticator/client-auth/secret-file";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { denoOutput } from "../structure/deno_output.ts";
import { assertHides } from "./showing.ts";
import { testKey } from "./signing_keys.ts";

async function withFile(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(`${folder}/secret`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a secret is read from its file without the line end, by path and by URL", () =>
  withFile(async (path) => {
    for (const text of ["s3cret ", "s3cret \n", "s3cret \r\n", "s3cret \n\n"]) {
      await Deno.writeTextFile(path, text);
      assertEquals(await secretFile(path)(), "s3cret ");
      assertEquals(await secretFile(pathToFileURL(path))(), "s3cret ");
    }
  }));

Deno.test("a file that changes is followed: the next token request goes out with what it says then", () =>
  withFile(async (path) => {
    await using server = await startAuthorizationServer({
      clients: [
        { client_id: "old", client_secret: "old-secret" },
        { client_id: "young", client_secret: "young-secret" },
      ],
    });
    const clientSecret = secretFile(path);
    for (const clientId of ["old", "young"]) {
      // As a kubelet does it: the name is put on another file, so that nobody reads half of one.
      await Deno.writeTextFile(`${path}.new`, `${clientId}-secret\n`);
      await Deno.rename(`${path}.new`, path);
      assertEquals((await getToken(server.tokenEndpoint, { clientId, clientSecret })).tokenType, "Bearer");
    }
  }));

Deno.test("a private key and an assertion can stand in a file, too", () =>
  withFile(async (path) => {
    const { pem, publicJwk } = await testKey("ES256");
    await using server = await startAuthorizationServer({
      clients: [{ client_id: "id", token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [publicJwk] } }],
    });
    await Deno.writeTextFile(path, pem);
    const { issuer, tokenEndpoint } = server;
    await getToken(tokenEndpoint, { issuer, clientId: "id", clientAuth: privateKeyJwt(secretFile(path)) });

    await Deno.writeTextFile(path, "not-a-jwt");
    const clientAuth = clientAssertion(secretFile(path));
    await assertRejects(() => getToken(tokenEndpoint, { clientId: "id", clientAuth }), AuthenticationError, "a JWT");
  }));

Deno.test("a file that is missing, empty or a folder is a typed error that doesn't show the path given", () =>
  withFile(async (path) => {
    await Deno.writeTextFile(path, "\n");
    const cases = [[path, "nothing in it"], ["planted-secret", "(ENOENT)"], [`${path}/..`, "Check the path"]] as const;
    for (const [file, says] of cases) {
      const clientSecret = secretFile(file);
      const error = await assertRejects(
        () => getToken("https://auth.test/token", { clientId: "id", clientSecret }),
        AuthenticationError,
        says,
      );
      assertEquals(error.code, "client_auth_unavailable");
      assertHides(error, ["planted", path]);
    }
  }));

Deno.test("a file that Deno may not read is a typed error that says what to allow", async () => {
  const { stdout, stderr } = await denoOutput(
    "run",
    "--no-prompt",
    `data:text/typescript,${
      encodeURIComponent(`import { secretFile } from "${import.meta.resolve("../../src/secrets/secret_file.ts")}";
      await secretFile("/etc/hostname")().catch((error) => console.log(error.code, error.message));`)
    }`,
  );
  assertEquals(
    stdout,
    "permission_denied Cannot read the secret's file: not permitted. Run with --allow-read for it.\n",
    stderr,
  );
});

Deno.test("no path is no file", () => {
  assertThrows(() => secretFile(""), TypeError, "path must be");
  assertThrows(() => secretFile(undefined as never), TypeError, "path must be");
});
