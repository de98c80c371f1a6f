/**
 * `m2m token`: prints a token.
 *
 * @module
 */

import { rememberCommand } from "../cache/remembered_commands.ts";
import { obtainToken } from "../client/obtain_token.ts";
import { exitCodes } from "../exit_codes.ts";
import type { Invocation } from "../invocation.ts";
import type { Settings } from "../settings/settings.ts";
import { UsageError } from "../usage_error.ts";
import { printToken } from "./print_token.ts";

/** Runs the command. */
export async function runToken(invocation: Invocation): Promise<number> {
  const { values, terminal, positionals } = invocation;
  if (positionals.length > 0) throw new UsageError("token takes no arguments but options. Run m2m help token.");
  const { credentials, headerKey, read: { settings }, cached } = await obtainToken(invocation);
  if (settings.dpop && settings.dpopKeyFile === undefined) {
    terminal.writeError(
      "The token is bound to a key that ends with this run: pass --dpop-key-file to use it elsewhere.\n",
    );
  }
  const form = values["json"] ? "json" : values["header"] ? "header" : "token";
  await printToken(credentials, { form, headerKey });
  if (cached?.isMemorable && isRepeatable(invocation, settings)) {
    await rememberCommand(invocation.args, cached, { credentials, form, headerKey });
  }
  return exitCodes.fine;
}

/** Whether the same arguments, variables, `.env` and profiles mean the same token: no other file counts. */
function isRepeatable({ values }: Invocation, settings: Settings): boolean {
  const others = ["refresh", "verbose", "env-file", "insecure-client-secret-argument"].map((name) => values[name]);
  const { flyte, flyteConfig, subjectTokenFile, actorTokenFile, dpopKeyFile } = settings;
  return [...others, flyte, flyteConfig, subjectTokenFile, actorTokenFile, dpopKeyFile].every((each) => !each);
}
