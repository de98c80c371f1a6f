import { assertEquals, assertFalse } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { runToEnd } from "./runtimes/run_to_end.ts";
import { temporaryFolder } from "./runtimes/temporary_folder.ts";
import { client, startFlyteBackend } from "./servers/flyte_backend.ts";
import { chooseSource, environment, flags, root } from "./std/source.ts";

const source = await chooseSource();
const { clientId, clientSecret } = client;

/** Runs a line with the permissions given and no others: the type of a token, or what was wrong. */
async function run(module: string, name: string, args: readonly unknown[], permissions: readonly string[]) {
  const code = `import { ${name} as make } from "file://${root}/src/flyte/${module}.ts";
    try { console.log((await make(...${JSON.stringify(args)}).getCredentials()).tokenType); }
    catch (error) { console.log(error.code + ": " + error.message); }`;
  const script = `data:text/javascript,${encodeURIComponent(code)}`;
  const { stdout, stderr } = await runToEnd(Deno.execPath(), {
    args: ["run", ...flags(source, "run"), "--quiet", "--no-prompt", ...permissions, script],
    env: { ...environment(source), FLYTE_SECRET: clientSecret },
  });
  assertFalse((stdout + stderr).includes(clientSecret));
  return [stdout.trim(), stderr];
}

Deno.test("on Deno an API key takes permission for two hosts, and no other", async () => {
  await using backend = await startFlyteBackend();
  const key = encodeBase64(`${backend.flyte.origin}:${clientId}:${clientSecret}:None`);
  const { host } = new URL(backend.flyte.origin);
  const tryWith = (...permissions: string[]) => run("from_flyte", "authenticatorFromFlyteApiKey", [key], permissions);

  assertEquals(await tryWith(`--allow-net=${backend.hosts}`), ["Bearer", ""]);
  assertEquals(await tryWith(), [
    `permission_denied: Cannot reach http://${host}: not permitted. Run with --allow-net=${host}.`,
    "",
  ]);
});

Deno.test("on Deno a config file takes permission for the secret it names, and no other", async () => {
  await using backend = await startFlyteBackend();
  await using folder = await temporaryFolder("flyte_");
  const path = `${folder.path}/secret`;
  await Deno.writeTextFile(path, `${clientSecret}\n`);
  const admin = `endpoint: "${backend.flyte.origin}", clientId: ${clientId}`;
  const tryWith = (place: string, ...permissions: string[]) =>
    run("from_flyte_config", "authenticatorFromFlyteConfig", [`admin: { ${admin}, ${place} }`], permissions);
  const net = `--allow-net=${backend.hosts}`;
  const file = `clientSecretLocation: ${path}`;

  assertEquals(await tryWith(file, net, `--allow-read=${path}`), ["Bearer", ""]);
  assertEquals(await tryWith("clientSecretEnvVar: FLYTE_SECRET", net, "--allow-env=FLYTE_SECRET"), ["Bearer", ""]);
  assertEquals(await tryWith("clientSecretEnvVar: FLYTE_SECRET", net), [
    "permission_denied: Cannot use Flyte's config file: the variable that admin.clientSecretEnvVar names may not be " +
    "read (--allow-env).",
    "",
  ]);
});
