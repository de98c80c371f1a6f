/** Runs the examples on this Deno. @module */
import { fileURLToPath } from "node:url";
import { type RunResult, runToEnd } from "../runtimes/run_to_end.ts";
import { chooseSource, environment, flags } from "../std/source.ts";

/** An example, and what it may do and read. */
export interface ExampleRun {
  /** Its file's name, and arguments after it. */
  readonly command: readonly [file: string, ...args: string[]];
  /** The URLs whose hosts it may reach. */
  readonly net: readonly string[];
  /** The file that it may read. */
  readonly read?: string;
  /** The variables that it may read. Default: those of `env`. */
  readonly names?: string;
  readonly env: Readonly<Record<string, string>>;
}

const source = await chooseSource();

/** The command line of an example, with these permissions and no other, and its environment. */
export function commandLine({ command: [file, ...args], net, read, names, env }: ExampleRun) {
  const hosts = net.map((url) => new URL(url).host);
  const permissions = [
    `--allow-env=${names ?? Object.keys(env)}`,
    ...(hosts.length > 0 ? [`--allow-net=${hosts}`] : []),
    ...(read === undefined ? [] : [`--allow-read=${read}`]),
  ];
  const script = fileURLToPath(new URL(`../../examples/${file}`, import.meta.url));
  return {
    args: ["run", ...flags(source, "run"), "--quiet", "--no-prompt", ...permissions, script, ...args],
    env: { ...environment(source), ...env },
  };
}

/** Runs an example to its end. */
export async function runExample(run: ExampleRun): Promise<RunResult> {
  return await runToEnd(Deno.execPath(), commandLine(run));
}
