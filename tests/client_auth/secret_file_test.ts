import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { pathToFileURL } from "node:url";
import { AuthenticationError, getToken } from "@m2m/authenticator";
import { secretFile } from "@m2m/authenticator/client-auth/secret-file";
import { join } from "node:path";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { denoOutput } from "../structure/deno_output.ts";
import { assertHides } from "./showing.ts";

Deno.test("secretFile: reads the file each time, by path and by URL, without line ends", async () => {
  await using made = await temporaryFolder("secret_");
  const path = join(made.path, "secret");
  const [byPath, byUrl] = [secretFile(path), secretFile(pathToFileURL(path))];
  for (const text of ["first ", "second \n", "third \r\n", "fourth \n\n"]) {
    await Deno.writeTextFile(path, text);
    const secret = text.replace(/[\r\n]/g, "");
    assertEquals([await byPath(), await byUrl()], [secret, secret]);
  }
});

Deno.test("secretFile: fails on an empty or missing file, or a folder, without showing the path", async () => {
  await using made = await temporaryFolder("secret_");
  const file = join(made.path, "secret");
  await Deno.writeTextFile(file, "\n");
  const { url } = tokenEndpointStub();
  for (const [path, message] of [[file, ""], ["planted-secret", "ENOENT"], [made.path, ""]] as const) {
    const clientSecret = secretFile(path);
    const request = getToken(url, { clientId: "id", clientSecret });
    const error = await assertRejects(() => request, AuthenticationError, message);
    assertEquals(error.code, "client_auth_unavailable");
    assertHides(error, ["planted", made.path]);
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
