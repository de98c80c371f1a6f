/**
 * `m2m token`: prints a token.
 *
 * @module
 */

import { exitCodes } from "./exit_codes.ts";
import type { Invocation } from "./invocation.ts";
import { obtainToken } from "./obtain_token.ts";
import { UsageError } from "./usage_error.ts";

/** Runs the command. */
export async function runToken(invocation: Invocation): Promise<number> {
  const { values, terminal, positionals } = invocation;
  if (positionals.length > 0) throw new UsageError("token takes no arguments but options. Run m2m help token.");
  const { credentials, headerKey, read: { settings } } = await obtainToken(invocation);
  const { accessToken, tokenType, expiresAt, scope } = credentials;
  if (settings.dpop && settings.dpopKeyFile === undefined) {
    terminal.writeError(
      "The token is bound to a key that ends with this run: pass --dpop-key-file to use it elsewhere.\n",
    );
  }
  if (values["json"]) {
    await terminal.writeOutput(`${
      JSON.stringify({
        access_token: accessToken,
        token_type: tokenType,
        ...expiresAt !== undefined && {
          expires_in: Math.max(0, Math.floor((expiresAt - Date.now()) / 1_000)),
          expires_at: new Date(expiresAt).toISOString(),
        },
        ...scope !== undefined && { scope },
      })
    }\n`);
  } else if (values["header"]) {
    const name = headerKey.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
    await terminal.writeOutput(`${name}: ${tokenType} ${accessToken}\n`);
  } else {
    await terminal.writeOutput(terminal.isOutputTerminal ? `${accessToken}\n` : accessToken);
  }
  return exitCodes.fine;
}
