/**
 * Waiting for what comes soon or never.
 *
 * @module
 */

import { assert } from "@std/assert";

/** Waits until something is so; fails where it isn't within 2 seconds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 400; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert(condition(), `It never came to be that ${condition}.`);
}
