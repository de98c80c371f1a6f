/**
 * Timers that let a process end.
 *
 * @module
 */

/** Lets a process end though the timer hasn't fired, where timers would keep it. */
export function unrefTimer(timer: unknown): void {
  if (typeof timer === "object") return (timer as { unref?(): void }).unref?.();
  // Deno's timers are numbers, as browsers' are.
  (globalThis as { Deno?: { unrefTimer?(timer: unknown): void } }).Deno?.unrefTimer?.(timer);
}
