/** Workload identity of each platform, on Deno, Bun and Node, against servers that answer as its documents say. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { runScript, testOnPrograms } from "../runtimes/every_runtime.ts";
import { denoOutput } from "../structure/deno_output.ts";
import { cases } from "./cases.ts";

for (const [name, run] of Object.entries(cases)) Deno.test(`workload: ${name}`, run);

await testOnPrograms("workload: all cases", async (executable) => {
  const { success, stdout, stderr } = await runScript(executable, new URL("program.ts", import.meta.url), {
    platform: "deno",
  });
  assert(success, stderr);
  const count = Object.keys(cases).length;
  assertEquals(JSON.parse(stdout.trim().split("\n").at(-1)!), { count, failures: [] });
});

/** By a source: the permissions that it has, and what its error says of the missing one. */
const denied: readonly (readonly [call: string, allowed: readonly string[], message: RegExp])[] = [
  ["githubActionsToken({ audience })", [], /read the variable ACTIONS_\w+_URL. Run with --allow-env=ACTIONS_\w+_URL/],
  ["gcpToken({ audience })", [], /reach metadata.google.internal. Run with --allow-net=metadata.google.internal/],
  ['kubernetesToken({ path: "/etc/hostname" })', [], /Kubernetes. .*--allow-read/],
  ["flyToken({ audience })", [], /--allow-net/],
];
Deno.test("workload: a missing permission is named", async () => {
  const modules = {
    githubActionsToken: "github_actions",
    gcpToken: "gcp",
    kubernetesToken: "kubernetes",
    flyToken: "fly",
  };
  for (const [call, allowed, message] of denied) {
    const name = /^\w+/.exec(call)![0] as keyof typeof modules;
    const code = `import { ${name} } from "${import.meta.resolve(`../../src/workload/${modules[name]}.ts`)}";
      const audience = "https://auth.example.com";
      await ${call}().catch((error) => console.log(error.code, error.message));`;
    const script = `data:text/typescript,${encodeURIComponent(code)}`;
    const { stdout, stderr } = await denoOutput("run", "--no-prompt", ...allowed, script);
    assertMatch(stdout + stderr, /^permission_denied /);
    assertMatch(stdout, message);
  }
});
