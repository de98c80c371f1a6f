import { assert, assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { calls, projects, startBackend } from "../examples/backend.ts";
import { bunExecutable } from "../runtimes/bun.ts";
import { nodeExecutable, nodeVersions } from "../runtimes/node.ts";
import { npmPackage } from "../runtimes/npm_package.ts";
import { runDeno, runToEnd } from "../runtimes/run_to_end.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { startWorker } from "../runtimes/workerd.ts";
import { compatibilityDate, type WorkerdExecutable, workerdExecutable } from "../runtimes/workerd_executable.ts";
import { closedPort } from "../servers/fault_server.ts";
import { serve } from "../servers/loopback.ts";
import { denoProject, npmProject, offline, type PackedPackage, packPackage } from "./package.ts";
import { exportCases, type RuntimeName } from "./probe.ts";
import type { ProgramOutput } from "./program.ts";

// It is slow.
let packed: PackedPackage;
Deno.test.beforeAll(async () => {
  packed = await packPackage();
});
Deno.test.afterAll(async () => await packed[Symbol.asyncDispose]());

type Texts = Readonly<Record<string, string>>;

/** A consumer's module, whose `main` is run. */
interface Job {
  readonly module: "program.ts" | "probe.ts";
  readonly input: Texts;
  readonly env?: Texts;
  /** The permissions that Deno gives. */
  readonly allow: string;
}

/** Runs a job in a new project; resolves to what it prints: its output, as JSON, and any logs. */
type Run = (job: Job) => Promise<{ stdout: string; logs?: string }>;

const files = ({ module, input }: Job) => ({
  "secret.txt": "a-secret\n",
  "main.ts": `import { main } from "./${module}";
console.log(JSON.stringify(await main(${JSON.stringify(input)})));
`,
});

async function runInDeno(job: Job): ReturnType<Run> {
  await using project = await denoProject(packed, files(job));
  const args = ["run", "--quiet", "--no-prompt", job.allow, "main.ts"];
  return { stdout: await runDeno({ args, cwd: project.path, env: { ...offline, ...job.env } }) };
}

const runOnNpm = (executable: string, ...args: string[]): Run => async (job) => {
  await using project = await npmProject(packed, files(job));
  const options = { args: [...args, "main.ts"], cwd: project.path, env: job.env ?? {} };
  const { success, stdout, stderr } = await runToEnd(executable, options);
  assert(success, stderr);
  return { stdout };
};

/** Bundles a worker that imports the package by name, as bundlers for Workers do, and asks it. */
const runInWorker = (workerd: WorkerdExecutable, date: string): Run => async ({ module, input, env }) => {
  await using project = await npmProject(packed, {
    "worker.js": `import { main } from "./${module}";
export default { fetch: async (_request, env) => Response.json(await main(env)) };
`,
  });
  const args = ["bundle", "--quiet", "--no-lock", "--node-modules-dir=manual", "--platform=browser", "worker.js"];
  const script = await runDeno({ args, cwd: project.path, timeout: 60_000 });
  const options = { compatibilityDate: compatibilityDate(workerd, date), bindings: { ...env, ...input } };
  await using worker = await startWorker(workerd.path, { script, ...options });
  // With a timeout: a worker that hangs must fail the test.
  const response = await fetch(worker.url, { signal: AbortSignal.timeout(15_000) });
  return { stdout: await response.text(), logs: worker.printed() };
};

/** The runtimes, and how to obtain what runs a job on them. */
const runtimes: Readonly<Record<string, () => Promise<Run>>> = {
  "Deno": () => Promise.resolve(runInDeno),
  // A package that isn't installed must be missing, not downloaded.
  "Bun": async () => runOnNpm(await bunExecutable(), "--no-install"),
  ...Object.fromEntries(nodeVersions.map((version) => [
    `Node ${version}`,
    async () => runOnNpm(await nodeExecutable(version)),
  ])),
  "workerd of 2024": async () => runInWorker(await workerdExecutable(), "2024-09-01"),
  "workerd of 2026": async () => runInWorker(await workerdExecutable(), "2026-11-01"),
};

const attempt = (
  outcome: "token_issued" | "token_request_failed",
): ProgramOutput["events"] => ["token_requested", outcome, "token_awaited"];

for (const [name, obtain] of Object.entries(runtimes)) {
  const kind = (name.startsWith("Node") ? "Node" : name) as RuntimeName;
  const testOn = await testsOn(name, obtain);

  testOn(`a new project calls an API on ${name}`, async (run) => {
    await using backend = await startBackend();

    const job: Job = { module: "program.ts", input: backend.settings, allow: `--allow-net=${backend.hosts}` };
    const { stdout, logs = "" } = await run(job);

    const output: ProgramOutput = JSON.parse(stdout);
    assertEquals(output, {
      answers: [projects, projects, projects],
      events: [...attempt("token_issued"), ...attempt("token_request_failed")],
      refusal: "token_request_rejected: invalid_client",
    });
    assertEquals(calls(backend), Array(3).fill("GET /v1/projects 200"));
    assertEquals(backend.countTokenRequests(), 5);
    backend.assertNoSecretIn(stdout + logs);
  });

  testOn(`a new project uses every export on ${name}, or gets a clear refusal`, async (run) => {
    await using server = serve(() => new Response("the server's answer"));
    const httpProxyUrl = `http://127.0.0.1:${await closedPort()}`;
    const input = { url: server.origin, httpProxyUrl, secretFile: "secret.txt" };
    const env = {
      M2M_ENDPOINT: "https://api.example.com",
      M2M_TOKEN_ENDPOINT: "https://auth.example.com/token",
      M2M_CLIENT_ID: "my-client",
      M2M_CLIENT_SECRET: "my-secret",
    };

    const { stdout } = await run({ module: "probe.ts", input, env, allow: "--allow-all" });

    const output: Texts = JSON.parse(stdout);
    const misfits = Object.entries(exportCases).filter(([name, [, works, refuses]]) => {
      const expected = refuses?.[kind] ?? works;
      const found = output[name] ?? "";
      return typeof expected === "string" ? found !== expected : !expected.test(found);
    });
    assertEquals(misfits.map(([name]) => [name, output[name]]), []);
  });
}

Deno.test("the exports that are used are all of deno.json's", () => {
  assertEquals(Object.keys(exportCases).sort(), Object.keys(config.exports).sort());
});

Deno.test("a new Deno project has types for all exports, in a strict configuration", async () => {
  await using project = await denoProject(packed, {});
  const args = ["check", "--quiet", "program.ts", "probe.ts"];
  await runDeno({ args, cwd: project.path, env: offline, timeout: 60_000 });
});

const testWithTypescript = await testsOn("TypeScript", async () => ({
  node: await nodeExecutable("24.21.0"),
  compiler: await npmPackage("typescript@5.9.3", "lib/tsc.js"),
}));

for (const [module, moduleResolution] of [["nodenext", "nodenext"], ["esnext", "bundler"]]) {
  const name = `a new npm project has types by "${moduleResolution}", with the web's own types alone`;
  testWithTypescript(name, async ({ node, compiler }) => {
    const compilerOptions = {
      module,
      moduleResolution,
      target: "es2022",
      // No year's library has Disposable yet.
      lib: ["es2022", "esnext.disposable", "dom", "dom.iterable"],
      types: [],
      skipLibCheck: false,
      ...config.compilerOptions,
      noUnusedLocals: true,
      noPropertyAccessFromIndexSignature: true,
      verbatimModuleSyntax: true,
      allowImportingTsExtensions: true,
      noEmit: true,
    };
    const tsconfig = JSON.stringify({ compilerOptions, files: ["program.ts", "probe.ts"] });
    await using project = await npmProject(packed, { "tsconfig.json": tsconfig });

    const args = [compiler, "--project", "tsconfig.json", "--pretty", "false"];
    const { success, stdout } = await runToEnd(node, { args, cwd: project.path, timeout: 60_000 });

    assertEquals([success, stdout], [true, ""]);
  });
}
