/**
 * What MCP's conformance suite says of clients that act as themselves.
 *
 * Its servers would listen on every interface. They listen on loopback here, by `on_loopback.ts`, and may listen nowhere
 * else: Deno permits them no other address.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runDeno, runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { chooseSource, environment, ownFlags } from "../std/source.ts";

const suite = "npm:@modelcontextprotocol/conformance@0.2.0-alpha.12";
const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** By scenario: the checks that make it, besides those of metadata, and how the client is run. */
const scenarios: Readonly<Record<string, readonly [checks: readonly string[], ways: readonly string[]]>> = {
  "client-credentials-basic": [["client-credentials-basic-auth"], ["sdk-1-provider", "sdk-2-fetch"]],
  "client-credentials-jwt": [["client-credentials-jwt-verified"], ["sdk-1-fetch", "sdk-2-provider"]],
  "wif-jwt-bearer": [["wif-assertion-verified"], ["sdk-1-fetch", "sdk-2-provider", "refusal"]],
  "enterprise-managed-authorization": [
    ["complete-flow-token-exchange", "complete-flow-jwt-bearer"],
    ["sdk-1-fetch", "sdk-2-provider"],
  ],
};

interface Check {
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  readonly description: string;
}

/** Gets the suite and the SDKs; resolves to the client's program. */
async function obtain(): Promise<string> {
  const source = await chooseSource();
  const flags = ["--quiet", ...ownFlags(source, path("packages.lock"))];
  const options = { env: environment(source), timeout: 300_000 };
  // The first time, it downloads all packages.
  await runDeno({ args: ["cache", ...flags, suite], ...options });
  return await runDeno({ args: ["bundle", "--platform", "deno", ...flags, path("client.ts")], ...options });
}

const testConformance = await testsOn(suite.slice("npm:".length), obtain);

for (const [scenario, [expected, ways]] of Object.entries(scenarios)) {
  testConformance(`MCP conformance: auth/${scenario} passes all checks (${ways.join(", ")})`, async (client) => {
    await using folder = await temporaryFolder("conformance_");
    await Deno.writeTextFile(`${folder.path}/client.mjs`, client);
    for (const way of ways) {
      const { checks, printed } = await run(`auth/${scenario}`, way, folder.path);
      const failed = checks.filter(({ status }) => status !== "SUCCESS" && status !== "INFO");
      assertEquals(failed, [], `${way}: ${printed}`);
      const passed = new Set(checks.filter(({ status }) => status === "SUCCESS").map(({ id }) => id));
      assertEquals(expected.filter((id) => !passed.has(id)), [], `${way}: ${printed}`);
    }
  });
}

/** Runs a scenario; resolves to the suite's own report. */
async function run(scenario: string, way: string, folder: string): Promise<{ checks: Check[]; printed: string }> {
  const output = `${folder}/${way}`;
  const loopback = "127.0.0.1,localhost";
  const permissions = ["--allow-read", `--allow-write=${output}`, "--allow-env", "--allow-sys", "--allow-run"];
  const program = ["run", "--quiet", "--no-config", "--cached-only", `--allow-net=${loopback}`];
  const command = [Deno.execPath(), ...program, "--no-lock", "--allow-env", `${folder}/client.mjs`, way].join(" ");
  const { success, stdout, stderr } = await runToEnd(Deno.execPath(), {
    args: [
      // Versions are the lock file's: what else could be chosen isn't known offline.
      ...[
        ...program,
        "--frozen",
        `--lock=${path("packages.lock")}`,
        ...permissions,
        `--preload=${path("on_loopback.ts")}`,
        suite,
        "client",
      ],
      ...["--command", command, "--scenario", scenario, "--output-dir", output, "--timeout", "60000"],
    ],
    timeout: 90_000,
  });
  const printed = stdout + stderr;
  // It is its verdict, too: a client that fails, or takes too long, is none of the checks.
  if (!success) throw new Error(`${way}: ${printed}`);
  const [result] = [...Deno.readDirSync(`${output}/auth`)];
  return { checks: JSON.parse(await Deno.readTextFile(`${output}/auth/${result!.name}/checks.json`)), printed };
}
