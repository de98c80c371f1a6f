/** A program that stays until it is disposed of. @module */
import { within } from "./within.ts";

/** How a program is started. */
export interface StartOptions {
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Set on top of what the test itself was given. */
  readonly env?: Readonly<Record<string, string>>;
  /** The program is ready once what it has printed matches this. */
  readonly ready: RegExp;
  /** After so many milliseconds without that it is killed. Default: 15,000. */
  readonly timeout?: number;
}

/** A program that is ready. Disposing of it kills it, by its own process id, and waits for its end. */
export interface StartedProgram extends AsyncDisposable {
  /** Its process id. */
  readonly pid: number;
  /** The groups of `ready`. */
  readonly match: RegExpExecArray;
  /** Resolves when the program and all that it started have ended. */
  readonly ended: Promise<void>;
  /** All that it has printed by now, on stdout and stderr. */
  printed(): string;
}

/** Starts `executable`, and waits until it is ready. */
export async function startProgram(executable: string, options: StartOptions): Promise<StartedProgram> {
  const child = new Deno.Command(executable, {
    args: [...options.args],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...options.env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();

  let printed = "";
  const ready = Promise.withResolvers<RegExpExecArray>();
  async function read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      printed += text;
      const match = options.ready.exec(printed);
      if (match !== null) ready.resolve(match);
    }
  }
  const ended = Promise.all([read(child.stdout), read(child.stderr), child.status]).then(() => {
    ready.reject(new Error(`Cannot start ${executable}: it ended.\n${printed}`));
  });
  // Its end is nobody's failure once it was ready.
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
    const match = await within(options.timeout ?? 15_000, `start ${executable}`, ready.promise);
    return { pid: child.pid, match, ended, printed: () => printed, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
