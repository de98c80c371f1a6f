import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { startBackend } from "../examples/backend.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { type TemporaryFolder, temporaryFolder } from "../runtimes/temporary_folder.ts";
import { assertProgramWorked } from "./expected_output.ts";
import { judgeExports } from "./exports.ts";
import { writeConsumer } from "./npm_project.ts";
import { packedOnce } from "./packed_once.ts";
import { offline, type PackedPackage } from "./packed_package.ts";
import { startProbeStage } from "./probe_stage.ts";

const packed = packedOnce();

/** A project as `deno add jsr:@m2m/authenticator` makes it, but for the links in JSR's place. */
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
    // Linked modules are checked like the project's own: rules of style that are its own business stay out.
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

Deno.test("a fresh Deno project has types for all exports, in a strict configuration", async () => {
  await using project = await denoProject(packed(), {});

  await deno(project, ["check", "--quiet", "program.ts", "probe.ts"]);
});

Deno.test("a fresh Deno project calls an API with the package, and with no permission but for the network", async () => {
  await using backend = await startBackend();
  await using project = await denoProject(packed(), {
    "main.ts": `import { main } from "./program.ts";
console.log(JSON.stringify(await main(${JSON.stringify(backend.settings)})));
`,
  });

  const stdout = await deno(project, ["run", "--quiet", "--no-prompt", `--allow-net=${backend.hosts}`, "main.ts"]);

  assertProgramWorked(stdout, backend);
});

Deno.test("on Deno every export loads and works, or says clearly where it belongs", async () => {
  await using stage = startProbeStage();
  await using project = await denoProject(packed(), { "secret.txt": "a-secret\n" });
  const input = { ...stage.input, secretFile: "secret.txt" };
  await Deno.writeTextFile(
    join(project.path, "main.ts"),
    `import { probe } from "./probe.ts";
console.log(JSON.stringify(await probe(${JSON.stringify(input)})));
`,
  );

  const stdout = await deno(project, ["run", "--quiet", "--allow-all", "main.ts"], stage.env);

  assertEquals(judgeExports("Deno", JSON.parse(stdout)), []);
});
