/**
 * Asks for a secret on the terminal.
 *
 * @module
 */

import process from "node:process";
import { endBySignal, restoreAtSignal } from "./interrupts.ts";
import type { Terminal } from "./terminal.ts";

/** What keys send in raw mode. */
const key = { interrupt: "\x03", end: "\x04", backspace: "\b", erase: "\x15", delete: "\x7f" } as const;
/** Arrow keys and the like, and the marks around a paste. */
// deno-lint-ignore no-control-regex
const sequences = /\x1b(\[[\d;?]*[ -/]*[@-~]|O.|.)/gs;

/**
 * Asks for a secret, which isn't shown. Raw mode, since a line of the terminal's own ends after 4,095 characters, which
 * is shorter than some keys are.
 */
export async function promptSecret(
  terminal: Pick<Terminal, "isInputTerminal" | "isErrorTerminal" | "writeError">,
  label: string,
): Promise<string> {
  if (!terminal.isInputTerminal || !terminal.isErrorTerminal) {
    throw new TypeError(
      `Cannot ask for the ${label}: standard input or error is no terminal. ` +
        "Pass it in a file, on standard input or in a variable: see --help.",
    );
  }
  const { stdin } = process;
  const restore = () => {
    stdin.setRawMode(false);
    terminal.writeError("\n");
  };
  const atSignal = restoreAtSignal(restore);
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  terminal.writeError(`${label[0]?.toUpperCase()}${label.slice(1)} (not shown): `);
  const done = Promise.withResolvers<string>();
  let typed: string[] = [];
  const read = (text: string) => {
    for (const character of text.replace(sequences, "")) {
      if (character === key.interrupt) endBySignal("SIGINT");
      else if (character === "\r" || character === "\n") return done.resolve(typed.join(""));
      else if (character === key.end) {
        if (typed.length > 0) return done.resolve(typed.join(""));
        return done.reject(new TypeError(`Cannot go on: no ${label} was given. Type or paste it, then press Enter.`));
      } else if (character === key.backspace || character === key.delete) typed.pop();
      else if (character === key.erase) typed = [];
      else if (character >= " " || character === "\t") typed.push(character);
    }
  };
  stdin.on("data", read);
  try {
    return await done.promise;
  } finally {
    stdin.off("data", read);
    // Otherwise it keeps the process alive.
    stdin.pause();
    atSignal[Symbol.dispose]();
    restore();
  }
}
