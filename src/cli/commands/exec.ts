/**
 * `m2m exec`: runs a program with the token.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import process from "node:process";
import { isDenied } from "../../http/network_errors.ts";
import { obtainToken } from "../client/obtain_token.ts";
import type { Invocation } from "../invocation.ts";
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
    return await runProgram(program, args, {
      ...process.env,
      [variable]: credentials.accessToken,
    });
  } finally {
    await file?.close();
  }
}

async function runProgram(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const ended = Promise.withResolvers<number>();
  const child: ChildProcess = spawn(program, args, { stdio: "inherit", env });
  child.once("error", (error) => ended.reject(explainStart(error, program)));
  child.once("exit", (code, signal) => {
    ended.resolve(code ?? 128 + (constants.signals[signal as keyof typeof constants.signals] ?? 0));
  });
  const listeners = passedOn.map((signal) => {
    // The terminal sends these to the program itself, too.
    const isDoubled = process.stdin.isTTY && (signal === "SIGINT" || signal === "SIGQUIT");
    const listener = () => void (isDoubled || child.kill(signal));
    try {
      process.on(signal, listener);
    } catch {
      // Windows has not all of them.
    }
    return () => void process.off(signal, listener);
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
