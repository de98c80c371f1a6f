/**
 * The terminal, or what stands in its place: files and pipes.
 *
 * Each part is opened when it is first used: what Deno and Bun load for `node:tty` and `process.stdout` alone takes longer
 * than a token from the cache.
 *
 * @module
 */

import { isTerminal, readEnvironment, writeError, writeOutput } from "../host.ts";

/** Deno, Bun and Node have this. */
declare const process: typeof import("node:process");

/** Standard input, output and error. */
export interface Terminal {
  /** Whether standard input is a terminal. */
  readonly isInputTerminal: boolean;
  /** Whether standard output is a terminal. */
  readonly isOutputTerminal: boolean;
  /** Whether standard error is a terminal. */
  readonly isErrorTerminal: boolean;
  /** How many columns there are; 80 where that isn't known. */
  readonly columns: number;
  /** Whether text for a stream is colored. */
  hasColor(stream: "output" | "error"): boolean;
  /** Writes all of it to standard output. */
  writeOutput(data: string | Uint8Array): Promise<void>;
  /** Writes a message. Without a reader it is dropped. */
  writeError(text: string): void;
  /** Reads standard input to its end. */
  readInput(): Promise<Uint8Array>;
  /** Standard input as it comes. */
  inputStream(): ReadableStream<Uint8Array>;
  /** Asks for a secret, which isn't shown. */
  promptSecret(label: string): Promise<string>;
}

/** Opens the terminal of this process. */
export function openTerminal(): Terminal {
  const terminal: Terminal = {
    get isInputTerminal() {
      return isTerminal(0);
    },
    get isOutputTerminal() {
      return isTerminal(1);
    },
    get isErrorTerminal() {
      return isTerminal(2);
    },
    get columns() {
      const { stdout, stderr } = process;
      return (isTerminal(1) && stdout.columns) || (isTerminal(2) && stderr.columns) ||
        Number(readEnvironment("COLUMNS")) || 80;
    },
    hasColor: (stream) => isColored(isTerminal(stream === "output" ? 1 : 2)),
    writeOutput,
    writeError,
    async readInput() {
      return new Uint8Array(await new Response(readStream()).arrayBuffer());
    },
    inputStream: readStream,
    async promptSecret(label) {
      return await (await import("./prompt.ts")).promptSecret(terminal, label);
    },
  };
  return terminal;
}

function readStream(): ReadableStream<Uint8Array> {
  const { Readable } = process.getBuiltinModule("node:stream");
  return Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>;
}

/** Whether a stream is written in color: `NO_COLOR` (no-color.org) before `FORCE_COLOR` before what it is. */
function isColored(isTerminal: boolean): boolean {
  if (readEnvironment("NO_COLOR")) return false;
  const force = readEnvironment("FORCE_COLOR") ?? readEnvironment("CLICOLOR_FORCE");
  if (force !== undefined) return !/^(0|false|)$/.test(force);
  return isTerminal && readEnvironment("TERM") !== "dumb";
}
