/**
 * Shows what an authenticator does in the life of a token: against two servers it starts itself on loopback, or
 * against your own. `deno task demo --help` tells how; `show.ts` is the place to start reading.
 *
 * @module
 */

import { parseArguments, UsageError } from "./arguments.ts";
import { startEmbeddedTarget } from "./embedded_target.ts";
import { findForeignTarget } from "./foreign_target.ts";
import { help } from "./help.ts";
import { reason } from "./reason.ts";
import { serve } from "./serve.ts";
import { show } from "./show.ts";
import { Timeline } from "./timeline.ts";

/** How long the steps may take, in milliseconds, should a server dawdle. With the demo's own it is about 4,000. */
const patience = 20_000;

/** Runs the demo and gives its exit code: 0 as told, 1 something went otherwise, 2 it was asked wrongly. */
async function main(args: readonly string[]): Promise<number> {
  const wish = parseArguments(args);
  if (wish.command === "help") {
    console.log(help);
    return 0;
  }
  if (wish.command === "serve") return await serve();
  const timeline = new Timeline(Deno.stdout.isTerminal() && !Deno.noColor);
  await using target = wish.server === undefined ? await startEmbeddedTarget() : await findForeignTarget(wish.server);
  const watchdog = setTimeout(() => {
    timeline.failure(`not done after ${patience / 1000} s`);
    Deno.exit(1);
  }, patience);
  const wentWell = await show(target, timeline);
  clearTimeout(watchdog);
  return wentWell ? 0 : 1;
}

try {
  Deno.exitCode = await main(Deno.args);
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}\nTry: deno task demo --help`);
    Deno.exitCode = 2;
  } else {
    console.error(reason(error));
    Deno.exitCode = 1;
  }
}
