/**
 * Runs the command line as its users do: on Deno from the source, on Bun and Node from the package that npm's clients get.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { npmProject, packPackage } from "../consumer/package.ts";
import { bunExecutable } from "../runtimes/bun.ts";
import { nodeExecutable, nodeVersions } from "../runtimes/node.ts";
import { type StartedProgram, type StartOptions, startProgram } from "../runtimes/start_program.ts";
import { chooseSource, environment, flags } from "../std/source.ts";

/** How a command line is run. */
export interface CommandRun {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: none, and standard input is empty. */
  readonly stdin?: string;
  readonly cwd: string;
}

/** What came of it. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A runtime with the command line. */
export interface Installed {
  readonly name: string;
  /** Starts a command that runs until it is disposed of. */
  start(options: StartOptions): Promise<StartedProgram>;
  run(command: CommandRun): Promise<CommandResult>;
}

/** The package, installed for all runtimes. Disposing of it removes it. */
export async function installEverywhere(): Promise<{ readonly all: readonly Installed[] } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const packed = stack.use(await packPackage());
  const { path } = stack.use(await npmProject(packed, {}));
  const script = join(path, "node_modules/@m2m/authenticator/src/cli/main.js");
  const source = await chooseSource();
  const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
  const deno = ["run", "--quiet", "--no-check", "--no-prompt", "--no-lock", "-A", ...flags(source, "run"), main];
  const node = await nodeExecutable(nodeVersions[1]);
  const all = [
    install("Deno", Deno.execPath(), deno, environment(source)),
    install("Node", node, [script]),
    install("Bun", await bunExecutable(), [script]),
  ];
  const moved = stack.move();
  return { all, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

function install(
  name: string,
  program: string,
  first: readonly string[],
  more: Record<string, string> = {},
): Installed {
  return {
    name,
    run: ({ args, ...options }) => runProgram(program, [...first, ...args], { ...options, more }),
    start: ({ args, ...options }) => startProgram(program, { ...options, args: [...first, ...args], env: more }),
  };
}

/** Runs a program without the settings that the test's own environment may have. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { env, stdin, cwd, more }: Omit<CommandRun, "args"> & { readonly more: Readonly<Record<string, string>> },
): Promise<CommandResult> {
  const kept = Object.entries(Deno.env.toObject()).filter(([name]) => !/^(M2M|FLYTE|XDG|DBUS)_/.test(name));
  const child = new Deno.Command(program, {
    args: [...args],
    cwd,
    clearEnv: true,
    env: { ...Object.fromEntries(kept), ...more, ...env },
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
  if (stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(stdin)).catch(() => {});
    await writer.close().catch(() => {});
  }
  const { code, stdout, stderr } = await child.output();
  clearTimeout(late);
  const [output, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: output!, stderr: errors! };
}
