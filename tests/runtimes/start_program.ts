/** A program that runs until it is disposed of. @module */
import { type RunOptions, spawn } from "./run_to_end.ts";
import { within } from "./within.ts";

/** How a program is started: after `timeout` milliseconds (default: 15,000) without being ready it is killed. */
export interface StartOptions extends RunOptions {
  /** The program is ready once its output matches this. */
  readonly ready: RegExp;
}

/** A program that is ready. Disposing of it kills it, by its own process id, and waits for its end. */
export interface StartedProgram extends AsyncDisposable {
  /** Its process id. */
  readonly pid: number;
  /** The groups of `ready`. */
  readonly match: RegExpExecArray;
  /** Resolves when the program and all that it started have ended. */
  readonly ended: Promise<void>;
  /** Its output so far, on stdout and stderr. */
  printed(): string;
}

/** Starts `executable`, and waits until it is ready. */
export async function startProgram(
  executable: string,
  { ready: pattern, timeout = 15_000, ...options }: StartOptions,
): Promise<StartedProgram> {
  const child = spawn(executable, options);
  let printed = "";
  const ready = Promise.withResolvers<RegExpExecArray>();
  async function read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      printed += text;
      const match = pattern.exec(printed);
      if (match !== null) ready.resolve(match);
    }
  }
  const ended = Promise.all([read(child.stdout), read(child.stderr), child.status])
    .then(() => ready.reject(new Error(`Cannot start ${executable}: it ended.\n${printed}`)));
  // Once it was ready, its end is no failure.
  ready.promise.catch(() => {});

  async function stop(): Promise<void> {
    try {
      child.kill("SIGKILL");
    } catch {
      // It ended by itself.
    }
    await ended;
  }
  try {
    const match = await within(timeout, `start ${executable}`, ready.promise);
    return { pid: child.pid, match, ended, printed: () => printed, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
