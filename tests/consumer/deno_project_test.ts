import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { startBackend } from "../examples/backend.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { type TemporaryFolder, temporaryFolder } from "../runtimes/temporary_folder.ts";
import { assertProgramWorked } from "./expected_output.ts";
import { compareExports } from "./exports.ts";
import { writeConsumer } from "./npm_project.ts";
import { packedOnce } from "./packed_once.ts";
import { offline, type PackedPackage } from "./packed_package.ts";
import { startProbeStage } from "./probe_stage.ts";

const packed = packedOnce();

/** A project as `deno add jsr:@m2m/authenticator` makes it, with links instead of JSR. */
async function denoProject(
  { published, encoding }: PackedPackage,
  texts: Readonly<Record<string, string>>,
): Promise<TemporaryFolder> {
  const folder = await temporaryFolder("deno_project_");
  const { version } = JSON.parse(await Deno.readTextFile(join(published, "deno.json")));
  const config = {
    imports: { "@m2m/authenticator": `jsr:@m2m/authenticator@^${version}` },
    links: [published, encoding],
    lock: false,
    // Linked modules are checked like the project's own: without rules of style.
    compilerOptions: {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noImplicitOverride: true,
      noUnusedLocals: true,
    },
  };
  await writeConsumer(folder.path, { "deno.json": JSON.stringify(config), ...texts });
  return folder;
}

async function deno(project: TemporaryFolder, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { success, stdout, stderr } = await runToEnd(Deno.execPath(), {
    args,
    cwd: project.path,
    env: { ...offline, ...env },
    timeout: 60_000,
  });
  assert(success, stderr);
  return stdout;
}

Deno.test("a new Deno project has types for all exports, in a strict configuration", async () => {
  await using project = await denoProject(packed(), {});

  await deno(project, ["check", "--quiet", "program.ts", "probe.ts"]);
});

Deno.test("a new Deno project calls an API, with permission for the network alone", async () => {
  await using backend = await startBackend();
  await using project = await denoProject(packed(), {
    "main.ts": `import { main } from "./program.ts";
console.log(JSON.stringify(await main(${JSON.stringify(backend.settings)})));
`,
  });

  const stdout = await deno(project, ["run", "--quiet", "--no-prompt", `--allow-net=${backend.hosts}`, "main.ts"]);

  assertProgramWorked(stdout, backend);
});

Deno.test("a new Deno project uses every export, or gets a clear refusal", async () => {
  await using stage = startProbeStage();
  const input = { ...stage.input, secretFile: "secret.txt" };
  await using project = await denoProject(packed(), {
    "secret.txt": "a-secret\n",
    "main.ts": `import { probe } from "./probe.ts";
console.log(JSON.stringify(await probe(${JSON.stringify(input)})));
`,
  });

  const stdout = await deno(project, ["run", "--quiet", "--allow-all", "main.ts"], stage.env);

  assertEquals(compareExports("Deno", JSON.parse(stdout)), []);
});
