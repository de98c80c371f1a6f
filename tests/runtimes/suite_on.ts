/** Runs the portable suite on a runtime, and compares the numbers of cases with the table in `tests/README.md`. @module */
import { assert, assertEquals } from "@std/assert";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exportedModules } from "../structure/deno_output.ts";
import { ownProject } from "../transport/project.ts";
import { type RunOptions, runToEnd } from "./run_to_end.ts";
import { startStageServer } from "./stage_server.ts";
import type { SuiteInput, Trait } from "./suite/case.ts";
import { quotedSecret } from "../faults/planted.ts";
import { portableCases } from "../faults/token_cases.ts";
import type { RegisterTest } from "./tests_on.ts";

const repository = new URL("../../", import.meta.url);

/** The traits that platforms lack. */
export const lacks = {
  /** Deno, Bun, Node. */
  program: ["hidden redirects", "no proxies"],
  /** workerd, Vercel's edge runtime. */
  edge: ["hidden redirects"],
  /** Pages and service workers: by the Fetch standard (opaqueredirect; forbidden request-headers; HTTP-network fetch) and RFC 9110 §9.2.2. */
  browser: ["visible redirects", "any header", "single sending", "streamed bodies"],
} as const satisfies Record<string, readonly Trait[]>;

const answers = portableCases.map(({ name, end, timeout }) => ({ name, end, timeout }));

/** Registers a test on a runtime, which is named as in the table; `run` runs the suite, and resolves to all that the runtime printed meanwhile. */
export function registerSuite<Runtime>(
  testOn: RegisterTest<Runtime>,
  { runtime, lacks }: Pick<SuiteInput, "lacks"> & { readonly runtime: string },
  run: (obtained: Runtime, input: SuiteInput) => Promise<string>,
): void {
  testOn(`the portable suite passes on ${runtime}`, async (obtained) => {
    await using stage = await startStageServer();
    const printed = await run(obtained, { stage: stage.origin, real: stage.real, answers, lacks });

    const failures = stage.results.flatMap(({ name, error }) => error === undefined ? [] : [`${name}\n${error}\n`]);
    assert(failures.length === 0, `${failures.length} cases failed on ${runtime}:\n${failures.join("\n")}`);
    assertNoSecretIn(printed);
    const impossible = stage.results.filter(({ isImpossible }) => isImpossible).length;
    // One more passed: nothing was printed.
    const counts = [stage.results.length - impossible + 1, impossible];
    console.log(`${runtime}: ${counts[0]} passed, ${impossible} not applicable`);
    assertEquals(counts, await readCounts(runtime));
  });
}

function assertNoSecretIn(printed: string): void {
  // A case prints on purpose: without its line the search would find nothing for the wrong reason.
  assert(printed.includes("printed:"), `Nothing was printed: ${printed}`);
  for (const secret of ["planted", ...Object.values(quotedSecret)]) {
    const index = printed.indexOf(secret);
    assert(index < 0, `printed: …${printed.slice(Math.max(0, index - 300), index + 100)}…`);
  }
}

/** The numbers of cases in the table. */
async function readCounts(runtime: string): Promise<number[]> {
  const readme = await Deno.readTextFile(new URL("tests/README.md", repository));
  const rows = readme.split("\n").map((line) => line.split(/\s*\|\s*/));
  return rows.find(([, name]) => name === runtime)?.slice(3, 5).map(Number) ?? [];
}

/**
 * Runs the suite by an executable that runs TypeScript, from the repository's own files, with `@std` as package managers
 * for npm lay it out: nothing is bundled, and nothing has to be fetched. `args` go before the file to be run.
 */
export async function runProgram(
  executable: string,
  { args, env = {} }: Pick<RunOptions, "args" | "env">,
  input: SuiteInput,
): Promise<string> {
  await using project = await ownProject([]);
  const copy = (from: URL, to: string) => cp(fileURLToPath(from), join(project.path, to), { recursive: true });
  const faults = ["behaviours", "planted", "token_end"].map((name) => `faults/${name}.ts`);
  const stores = ["memory", "run_cases"].map((name) => `token_store/${name}.ts`);
  for (const part of ["runtimes/suite", "runtimes/within.ts", ...faults, ...stores]) {
    await copy(new URL(`tests/${part}`, repository), `tests/${part}`);
  }
  // It has no place on disk before something of it is imported.
  await import("npm:deno-std@1.4.0/assert/mod.js");
  const std = new URL("../", import.meta.resolve("npm:deno-std@1.4.0/assert/mod.js"));
  for (const name of ["assert", "internal"]) await copy(new URL(name, std), `node_modules/@std/${name}`);
  await import("jose");
  await copy(new URL("../../", import.meta.resolve("jose")), "node_modules/jose");
  const modules = "./node_modules/@std";
  const files = {
    "node_modules/@std/assert/package.json": { type: "module", exports: "./mod.js" },
    "node_modules/@std/internal/package.json": { type: "module" },
    // For Deno: it reads no `node_modules` here.
    "import_map.json": {
      imports: {
        ...Object.fromEntries(
          Object.entries(exportedModules).map(([name, module]) => [name.replace(".", "@m2m/authenticator"), module]),
        ),
        "@std/assert": `${modules}/assert/mod.js`,
        "@std/encoding/base64": `${modules}/encoding/base64.js`,
        "@std/encoding/base64url": `${modules}/encoding/base64url.js`,
        "jose": "./node_modules/jose/dist/webapi/index.js",
      },
    },
  };
  for (const [file, content] of Object.entries(files)) {
    await Deno.writeTextFile(join(project.path, file), JSON.stringify(content));
  }
  const main = `import { runSuite } from "./tests/runtimes/suite/run.ts";\nawait runSuite(${JSON.stringify(input)});\n`;
  await Deno.writeTextFile(join(project.path, "main.ts"), main);
  return await printedBy(executable, { args: [...args, "main.ts"], cwd: project.path, env });
}

/** What a program prints, which must succeed. */
export async function printedBy(executable: string, options: RunOptions): Promise<string> {
  const { success, stdout, stderr } = await runToEnd(executable, { timeout: 120_000, ...options });
  assert(success, `The suite didn't run to its end:\n${stdout}\n${stderr}`);
  return stdout + stderr;
}
