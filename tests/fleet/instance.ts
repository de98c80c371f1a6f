/** A process of the fleet, as the test sees it. @module */

import { within } from "../runtimes/within.ts";
import type { RunningEngine } from "./engines.ts";
import type { ProgramReport, ProgramSettings } from "./program.ts";

/** How long a process may take to start or to end on a machine that is busy, in milliseconds. */
const patience = 60_000;

/** A process. Disposing of it kills it, by its own process id. */
export class Instance implements AsyncDisposable {
  /** The calls that failed, and why. */
  readonly failures: string[] = [];
  /** The events of its authenticator. */
  readonly events: string[] = [];
  /** How many calls it made, once it has ended. */
  calls = 0;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;
  #errors = "";
  #isRunning = true;
  #isEnding = false;

  constructor([executable, ...args]: RunningEngine["command"], settings: ProgramSettings) {
    const stream = "piped" as const;
    const options = { args: [...args, JSON.stringify(settings)], stdin: stream, stdout: stream, stderr: stream };
    this.#child = new Deno.Command(executable, { ...options, env: { NO_COLOR: "1" } }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#ended = Promise.all([this.#readReports(), this.#readErrors(), this.#child.status]).then(() => {
      this.#isRunning = false;
      if (!this.#isEnding) this.failures.push(`all, for the process has ended: ${this.#errors}`);
      this.#ready.reject(new Error(`Cannot start a process: it has ended.\n${this.#errors}`));
    });
    this.#ready.promise.catch(() => {});
  }

  /** Waits until it could call. */
  async waitUntilReady(): Promise<void> {
    await within(patience, "start a process", this.#ready.promise);
  }

  /** Lets it call the API from now on. */
  async go(): Promise<void> {
    await this.#input.write(new TextEncoder().encode("go\n"));
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    this.#isEnding = true;
    if (this.#isRunning) this.#child.kill("SIGKILL");
    await this.#ended;
    await this.#input.abort().catch(() => {});
  }

  /** Lets it end by itself. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#input.close();
    await within(patience, "end a process", this.#ended);
    if (this.#errors) throw new Error(`A process has printed errors:\n${this.#errors}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  async #readReports(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(JSON.parse(line));
    }
  }

  #take(report: ProgramReport): void {
    if (report.type === "ready") this.#ready.resolve();
    else if (report.type === "failed") this.failures.push(report.why);
    else if (report.type === "done") this.calls = report.calls;
    else this.events.push(report.name);
  }

  async #readErrors(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) this.#errors += text;
  }
}
