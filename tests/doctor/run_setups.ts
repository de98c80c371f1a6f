/**
 * Runs the program with all set-ups on Deno, Node and Bun, and finds faults of the results.
 *
 * @module
 */

import { join } from "node:path";
import { bunExecutable } from "../runtimes/bun.ts";
import { nodeExecutable } from "../runtimes/node.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { obtainOrSkip } from "../runtimes/tests_on.ts";
import { chooseSource, environment, flags } from "../std/source.ts";
import { installPackage, ownProject } from "../transport/project.ts";
import type { Result } from "./program.ts";
import type { Setup } from "./setups.ts";

/** A runtime, by which executable it is run. */
export interface DoctorRuntime {
  readonly name: "Deno" | "Node" | "Bun";
  readonly executable: string;
}

const obtain = { Deno: () => Deno.execPath(), Node: () => nodeExecutable("24.21.0"), Bun: () => bunExecutable() };

/** Obtains the runtimes. */
export async function obtainRuntimes(): Promise<DoctorRuntime[]> {
  const runtimes: DoctorRuntime[] = [];
  for (const name of ["Deno", "Node", "Bun"] as const) {
    const executable = await obtainOrSkip(name, obtain[name]);
    if (executable !== undefined) runtimes.push({ name, executable });
  }
  return runtimes;
}

/** The program with the package, as a package manager lays it out. */
export async function layOutProject() {
  await using stack = new AsyncDisposableStack();
  const project = stack.use(await ownProject(["../doctor/program.ts"]));
  for (const name of ["jose", "js-yaml"]) {
    await installPackage(`${name}/package.json`, join(project.path, "node_modules", name));
  }
  return Object.assign(stack.move(), { path: project.path });
}

/** Runs set-ups on a runtime; those with an environment of their own each in a process. Results come by name. */
export async function runSetups(
  { name, executable }: DoctorRuntime,
  project: string,
  setups: readonly Setup[],
): Promise<{ results: Map<string, Result>; stderr: string }> {
  const isApart = ({ env, permissions }: Setup) => env !== undefined || permissions !== undefined;
  const groups = [setups.filter((setup) => !isApart(setup)), ...setups.filter(isApart).map((setup) => [setup])];
  const source = await chooseSource();
  const program = new URL("program.ts", import.meta.url).pathname;
  const run = async (group: readonly Setup[]) => {
    await using folder = await temporaryFolder("setups_");
    const file = join(folder.path, "setups.json");
    await Deno.writeTextFile(file, JSON.stringify(group.map(({ name, settings }) => [name, settings])));
    const [{ env = {}, permissions = ["--allow-net"] } = {}] = group;
    const own = {
      Deno: ["run", "--quiet", "--no-prompt", ...flags(source, "run"), ...permissions, "--allow-env", "--allow-read"],
      Node: ["--no-warnings"],
      Bun: ["--no-install"],
    }[name];
    return await runToEnd(executable, {
      args: [...own, name === "Deno" ? program : "program.ts", file],
      env: { ...environment(source), ...env },
      cwd: project,
      timeout: 90_000,
    });
  };
  // Those apart one by one: on a busy machine a set-up takes too long if too many others run.
  const [first = [], ...others] = groups;
  const runOthers = () => Array.fromAsync(others, run);
  const runs = (await Promise.all([run(first).then((it) => [it]), runOthers()])).flat();
  const results = runs.flatMap(({ stdout }) =>
    stdout.split("\n").filter(Boolean).map((it) => JSON.parse(it) as Result)
  );
  return {
    results: new Map(results.map((result) => [result.name, result])),
    stderr: runs.map(({ stderr }) => stderr).join("").trim(),
  };
}

/** Lists what is wrong with a result. */
export function findFaults(setup: Setup, result: Result | undefined, secrets: readonly string[]): string[] {
  if (result === undefined) return ["no result"];
  const { diagnosis, thrown, page = "", duration } = result;
  if (diagnosis === undefined) return [`diagnose threw ${thrown}`];
  const { checks, cause, isFine, tokenRequests, ruledOut } = diagnosis;
  const faults: string[] = [];
  const expect = (holds: boolean, fault: string) => void (holds || faults.push(fault));
  const codes = [setup.code ?? []].flat();
  const isHealthy = codes.length === 0;
  const told = setup.isRemark ? checks.find(({ code }) => code !== undefined && codes.includes(code)) : cause;
  if (isHealthy) {
    expect(isFine && cause === undefined, `it isn't fine: ${cause?.code}`);
    const remarks = setup.isRemark ? [] : checks.filter(({ status }) => status === "warned" || status === "failed");
    expect(remarks.length === 0, `remarks: ${remarks.map(({ name, seen }) => `${name}: ${seen}`).join("; ")}`);
  } else if (setup.isRemark) {
    expect(
      told !== undefined,
      `no remark ${codes.join(" or ")}: ${checks.map(({ code }) => code).filter(Boolean).join()}`,
    );
    expect(isFine && cause === undefined, `it isn't fine: ${cause?.code}`);
  } else {
    expect(!isFine, "it is fine");
    expect(cause?.code !== undefined && codes.includes(cause.code), `${cause?.code} in place of ${codes.join(" or ")}`);
  }
  if (told && setup.change) {
    expect(setup.change.test(told.change ?? ""), `advice without ${setup.change}: ${told.change}`);
  }
  if (told && setup.seen) expect(setup.seen.test(told.seen ?? ""), `seen without ${setup.seen}: ${told.seen}`);

  const printed = `${JSON.stringify(diagnosis)}\n${page}`;
  for (const secret of secrets) expect(!printed.includes(secret), `a secret shows: ${secret}`);
  expect(!/eyJ[\w-]{8,}\.[\w-]{8,}/.test(printed), "a token or an assertion shows");
  expect(tokenRequests <= (setup.settings.maxTokenRequests ?? 6), `${tokenRequests} token requests`);
  expect(duration < 20_000, `it took ${Math.round(duration)} ms`);
  expect(result.announced === checks.length, `${result.announced} checks were announced, of ${checks.length}`);
  expect(result.steps > 0 || checks.length <= 1, "no step was announced");
  expect(cause === undefined || page.includes(cause.change?.split(" ", 1)[0] ?? ""), "the page lacks the cause");
  expect(
    page.split("\n").every((line) => [...line].length <= 80 || /^\S*$/.test(line.trim())),
    "a line of the page is too long",
  );
  const passed = checks.filter(({ status }) => status === "passed").map(({ name }) => name);
  expect(ruledOut.every((name) => passed.includes(name)), "something is ruled out that didn't pass");
  return faults;
}
