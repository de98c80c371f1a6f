import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { pathToFileURL } from "node:url";
import { AuthenticationError, getToken } from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { secretFile } from "@m2m/authenticator/client-auth/secret-file";
import { join } from "node:path";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { denoOutput } from "../structure/deno_output.ts";
import { assertHides } from "./showing.ts";
import { testKey } from "./signing_keys.ts";

async function makePath() {
  const folder = await temporaryFolder("secret_");
  return { path: join(folder.path, "secret"), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

Deno.test("secretFile: reads a secret without line ends, by path and by URL", async () => {
  await using file = await makePath();
  for (const text of ["s3cret ", "s3cret \n", "s3cret \r\n", "s3cret \n\n"]) {
    await Deno.writeTextFile(file.path, text);
    assertEquals(await secretFile(file.path)(), "s3cret ");
    assertEquals(await secretFile(pathToFileURL(file.path))(), "s3cret ");
  }
});

Deno.test("secretFile: reads the file for each token request", async () => {
  await using file = await makePath();
  const { url, fetch, requests } = tokenEndpointStub();
  const clientSecret = secretFile(file.path);
  for (const secret of ["old", "new"]) {
    // A kubelet replaces the file, so that it is never half written.
    await Deno.writeTextFile(`${file.path}.new`, `${secret}\n`);
    await Deno.rename(`${file.path}.new`, file.path);
    await getToken(url, { clientId: "id", clientSecret, fetch });
  }
  const headers = requests.map(({ headers }) => headers.get("authorization"));
  assertEquals(headers, [`Basic ${btoa("id:old")}`, `Basic ${btoa("id:new")}`]);
});

Deno.test("secretFile: reads a private key or an assertion", async () => {
  await using file = await makePath();
  const { url, fetch, requests } = tokenEndpointStub();
  await Deno.writeTextFile(file.path, (await testKey("ES256")).pem);
  await getToken(url, { clientId: "id", clientAuth: privateKeyJwt(secretFile(file.path)), fetch });
  await Deno.writeTextFile(file.path, "a.b.c\n");
  const clientAuth = clientAssertion(secretFile(file.path));
  await getToken(url, { clientId: "id", clientAuth, fetch });
  assertEquals(requests[1]!.form.get("client_assertion"), "a.b.c");

  await Deno.writeTextFile(file.path, "not-a-jwt");
  await assertRejects(() => getToken(url, { clientId: "id", clientAuth, fetch }), AuthenticationError, "a JWT");
});

Deno.test("secretFile: fails on an empty or missing file, or a folder, without showing the path", async () => {
  await using file = await makePath();
  await Deno.writeTextFile(file.path, "\n");
  const { url } = tokenEndpointStub();
  for (const [path, message] of [[file.path, ""], ["planted-secret", "ENOENT"], [`${file.path}/..`, ""]] as const) {
    const clientSecret = secretFile(path);
    const error = await assertRejects(
      () => getToken(url, { clientId: "id", clientSecret }),
      AuthenticationError,
      message,
    );
    assertEquals(error.code, "client_auth_unavailable");
    assertHides(error, ["planted", file.path]);
  }
});

Deno.test("secretFile: fails without permission, and names the permission", async () => {
  const code = `import { secretFile } from "${import.meta.resolve("../../src/secrets/secret_file.ts")}";
    await secretFile("/etc/hostname")().catch((error) => console.log(error.code, error.message));`;
  const { stdout } = await denoOutput("run", "--no-prompt", `data:text/typescript,${encodeURIComponent(code)}`);
  assertMatch(stdout, /^permission_denied .*--allow-read/);
});

Deno.test("secretFile: refuses an empty path", () => {
  for (const path of ["", undefined as never]) assertThrows(() => secretFile(path), TypeError, "path");
});
