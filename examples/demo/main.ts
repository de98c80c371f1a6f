/**
 * Shows an authenticator at work: with two servers on loopback, or with your own. See `deno task demo --help`, and
 * `show.ts` for the code.
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

/** For all steps, in milliseconds. With the demo's own servers they take about 4,000. */
const patience = 20_000;

/** Runs the demo; returns its exit code: 0 for success, 1 for a failure, 2 for wrong arguments. */
async function main(args: readonly string[]): Promise<number> {
  const command = parseArguments(args);
  if (command.command === "help") {
    console.log(help);
    return 0;
  }
  if (command.command === "serve") return await serve();
  const timeline = new Timeline(Deno.stdout.isTerminal() && !Deno.noColor);
  await using target = command.server === undefined
    ? await startEmbeddedTarget()
    : await findForeignTarget(command.server);
  const watchdog = setTimeout(() => {
    timeline.failure(`not done after ${patience / 1000} s`);
    Deno.exit(1);
  }, patience);
  const succeeded = await show(target, timeline);
  clearTimeout(watchdog);
  return succeeded ? 0 : 1;
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
