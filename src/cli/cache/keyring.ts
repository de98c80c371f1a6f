/**
 * The system's keyring: macOS's keychain, or the Secret Service of a Linux desktop.
 *
 * Secrets come and go by standard input and output: arguments show in lists of processes. Windows has a keyring without
 * a command to read it.
 *
 * @module
 */

import { spawn } from "node:child_process";
import process from "node:process";

/** What became of it: the secret in the keyring, or why it isn't there. */
export type KeptSecret = { readonly secret: string } | { readonly secret?: never; readonly reason: string };

/** A command line. */
interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** For its standard input. */
  readonly input?: string;
}

/** A program of the system that keeps secrets. */
interface Keyring {
  readonly read: Command;
  store(secret: string): Command;
}

/** How long a program may take, in milliseconds: on a desktop it may ask to unlock the keyring. */
const timeouts = { desktop: 60_000, other: 3_000 } as const;

const keyrings: Readonly<Record<string, Keyring>> = {
  darwin: {
    read: { program: "security", args: ["find-generic-password", "-s", "m2m", "-a", "token cache", "-w"] },
    // Its interactive mode reads commands from standard input.
    store: (secret) => ({
      program: "security",
      args: ["-i"],
      input: `add-generic-password -s m2m -a "token cache" -w ${secret}\n`,
    }),
  },
  linux: {
    read: { program: "secret-tool", args: ["lookup", "application", "m2m", "purpose", "token-cache"] },
    store: (secret) => ({
      program: "secret-tool",
      args: ["store", "--label", "m2m: cached tokens", "application", "m2m", "purpose", "token-cache"],
      input: secret,
    }),
  },
};

/** Reads the secret that is kept; where there is none keeps this one. It is base64. */
export async function readOrStoreSecret(secret: string): Promise<KeptSecret> {
  const keyring = keyrings[process.platform];
  if (!keyring) return { reason: "this system has no keyring that it knows" };
  const { program } = keyring.read;
  const read = async () => /^[\w+/=]{44}$/.exec((await run(keyring.read)).trim())?.[0];
  try {
    const kept = await read().catch((error) => {
      // There is none, or the keyring can't be used: storing tells. These it would only repeat.
      if (error.code !== undefined) throw error;
    });
    if (kept !== undefined) return { secret: kept };
    await run(keyring.store(secret));
    // Another process may have stored one meanwhile.
    const stored = await read();
    return stored === undefined ? { reason: `${program} keeps nothing` } : { secret: stored };
  } catch (error) {
    const { code } = Object(error);
    return {
      reason: code === "ENOENT" ? `${program} isn't installed` : `the keyring can't be used (${program})`,
    };
  }
}

/** Runs a program; resolves to its output. */
function run({ program, args, input = "" }: Command): Promise<string> {
  const isDesktop = process.platform === "darwin" || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  const timeout = isDesktop ? timeouts.desktop : timeouts.other;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"], timeout, killSignal: "SIGKILL" });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => output += text);
    child.on("error", reject);
    child.stdin.on("error", () => {});
    child.on("close", (code, signal) => {
      if (code === 0) resolve(output);
      else reject(Object.assign(new Error(`${program} failed`), signal && { code: signal }));
    });
    child.stdin.end(input);
  });
}
