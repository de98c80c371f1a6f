/**
 * A bound for what test servers remember.
 *
 * @module
 */

/** Drops the oldest once there are more than so many: a server may run for days. */
export function dropOldest(remembered: Map<string, unknown> | Set<string>, most = 10_000): void {
  for (const oldest of remembered.keys()) {
    if (remembered.size <= most) return;
    remembered.delete(oldest);
  }
}
