/**
 * What has to be put right on a terminal before a signal ends the process.
 *
 * @module
 */

/** Deno, Bun and Node have this. */
declare const process: typeof import("node:process");

/** The signals that end a process, with their numbers. */
const signals = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
type Signal = keyof typeof signals;

const restorations = new Set<() => void>();

/** Calls `restore` before a signal ends the process, unless it was disposed of. */
export function restoreAtSignal(restore: () => void): Disposable {
  restorations.add(restore);
  if (restorations.size === 1) listen("on");
  return {
    [Symbol.dispose]() {
      if (restorations.delete(restore) && restorations.size === 0) listen("off");
    },
  };
}

/** Ends the process as a signal does: with the exit code 128 and its number, the terminal as it was. */
export function endBySignal(signal: Signal = "SIGINT"): never {
  for (const restore of [...restorations].reverse()) restore();
  process.exit(128 + signals[signal]);
}

function listen(change: "on" | "off"): void {
  for (const signal of Object.keys(signals) as Signal[]) {
    try {
      process[change](signal, endBySignal);
    } catch {
      // Windows has not all of them.
    }
  }
}
