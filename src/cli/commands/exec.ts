/**
 * `m2m exec`: runs a program with the token.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { constants } from "node:os";
import process from "node:process";
import { isDenied } from "../../http/network_errors.ts";
import { obtainToken } from "../client/obtain_token.ts";
import type { Invocation } from "../invocation.ts";
import type { Settings } from "../settings/settings.ts";
import { UsageError } from "../usage_error.ts";
import { keepTokenFile } from "./token_file.ts";

/** What a program may be told; the rest can't be caught. */
const passedOn = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGCONT"] as const;

/** Runs the command; resolves to the program's exit code. */
export async function runExec(invocation: Invocation): Promise<number> {
  const { values, positionals, rest = [] } = invocation;
  const [program, ...args] = rest;
  if (program === undefined || positionals.length > 0) {
    throw new UsageError("exec needs a program behind two dashes: m2m exec -- ./program argument");
  }
  const variable = String(values["variable"] ?? "M2M_ACCESS_TOKEN");
  if (!/^[A-Za-z_]\w*$/.test(variable)) throw new UsageError("--variable must be letters, digits and _.");
  const { credentials, read, cached } = await obtainToken(invocation);
  const path = values["token-file"];
  const file = typeof path === "string"
    ? await keepTokenFile(path, { credentials, read, invocation, cached })
    : undefined;
  try {
    return await runProgram(program, args, { ...withoutSecrets(read.settings), [variable]: credentials.accessToken });
  } finally {
    await file?.close();
  }
}

/** The token is all that the program needs. */
function withoutSecrets({ clientSecretEnvVar = "" }: Settings): NodeJS.ProcessEnv {
  const { M2M_CLIENT_SECRET: _, [clientSecretEnvVar]: __, ...others } = process.env;
  return others;
}

async function runProgram(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const ended = Promise.withResolvers<number>();
  // The terminal sends these to the program itself, too.
  const hasTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  // Before the program starts: it may be quick to send one.
  const listeners = passedOn.map((signal) => {
    const isDoubled = hasTerminal && (signal === "SIGINT" || signal === "SIGQUIT");
    const listener = () => {
      // Not by child.kill: on Deno it would count as what ended the program.
      if (!isDoubled && child.pid !== undefined && child.exitCode === null) process.kill(child.pid, signal);
    };
    try {
      process.on(signal, listener);
    } catch {
      // Windows has not all of them.
    }
    return () => void process.off(signal, listener);
  });
  const child = spawn(program, args, { stdio: "inherit", env });
  child.once("error", (error) => ended.reject(explainStart(error, program)));
  child.once("exit", (code, signal) => {
    ended.resolve(code ?? 128 + (constants.signals[signal as keyof typeof constants.signals] ?? 0));
  });
  try {
    return await ended.promise;
  } finally {
    for (const stop of listeners) stop();
  }
}

function explainStart(error: Error, program: string): Error {
  const { code } = error as Error & { code?: string };
  if (isDenied(error)) return error;
  return new UsageError(
    code === "ENOENT" ? `There is no program ${program}.` : `${program} can't be started${code ? ` (${code})` : ""}.`,
  );
}
