import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { startBackend } from "../examples/backend.ts";
import { bunExecutable } from "../runtimes/bun.ts";
import { nodeExecutable, nodeVersions } from "../runtimes/node.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import type { TemporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { assertProgramWorked } from "./expected_output.ts";
import { compareExports, type RuntimeName } from "./exports.ts";
import { npmProject } from "./npm_project.ts";
import { packedOnce } from "./packed_once.ts";
import { startProbeStage } from "./probe_stage.ts";
import { typescriptCompiler } from "./typescript.ts";

const packed = packedOnce();

interface Runtime {
  readonly kind: RuntimeName;
  readonly obtain: () => Promise<string>;
  /** Before the file to be run. */
  readonly args: readonly string[];
}

const runtimes: Record<string, Runtime> = {
  // A package that isn't installed must be missing, not downloaded.
  "Bun": { kind: "Bun", obtain: bunExecutable, args: ["--no-install"] },
};
for (const version of nodeVersions) {
  runtimes[`Node ${version}`] = { kind: "Node", obtain: () => nodeExecutable(version), args: [] };
}

async function runIn(
  project: TemporaryFolder,
  executable: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { success, stdout, stderr } = await runToEnd(executable, { args, cwd: project.path, env, timeout: 60_000 });
  assert(success, stderr);
  return stdout;
}

for (const [name, { kind, obtain, args }] of Object.entries(runtimes)) {
  const testOn = await testsOn(name, obtain);

  testOn(`a new npm project calls an API on ${name}`, async (executable) => {
    await using backend = await startBackend();
    await using project = await npmProject(packed(), {
      "main.ts": `import { main } from "./program.ts";
console.log(JSON.stringify(await main(${JSON.stringify(backend.settings)})));
`,
    });

    assertProgramWorked(await runIn(project, executable, [...args, "main.ts"]), backend);
  });

  testOn(`a new npm project uses every export on ${name}, or gets a clear refusal`, async (executable) => {
    await using stage = startProbeStage();
    const input = { ...stage.input, secretFile: "secret.txt" };
    await using project = await npmProject(packed(), {
      "secret.txt": "a-secret\n",
      "main.ts": `import { probe } from "./probe.ts";
console.log(JSON.stringify(await probe(${JSON.stringify(input)})));
`,
    });

    const stdout = await runIn(project, executable, [...args, "main.ts"], stage.env);

    assertEquals(compareExports(kind, JSON.parse(stdout)), []);
  });
}

const testWithTypescript = await testsOn("TypeScript", async () => ({
  node: await nodeExecutable("24.21.0"),
  compiler: await typescriptCompiler(),
}));

for (const [module, moduleResolution] of [["nodenext", "nodenext"], ["esnext", "bundler"]]) {
  testWithTypescript(
    `a new npm project has types by "${moduleResolution}", with the web's own types alone`,
    async ({ node, compiler }) => {
      await using project = await npmProject(packed(), {});
      const compilerOptions = {
        module,
        moduleResolution,
        target: "es2022",
        // No year's library has Disposable yet.
        lib: ["es2022", "esnext.disposable", "dom", "dom.iterable"],
        types: [],
        skipLibCheck: false,
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noImplicitOverride: true,
        noUnusedLocals: true,
        noPropertyAccessFromIndexSignature: true,
        verbatimModuleSyntax: true,
        allowImportingTsExtensions: true,
        noEmit: true,
      };
      await Deno.writeTextFile(
        join(project.path, "tsconfig.json"),
        JSON.stringify({ compilerOptions, files: ["program.ts", "probe.ts"] }),
      );

      const { success, stdout } = await runToEnd(node, {
        args: [compiler, "--project", "tsconfig.json", "--pretty", "false"],
        cwd: project.path,
        timeout: 60_000,
      });

      assertEquals([success, stdout], [true, ""]);
    },
  );
}
