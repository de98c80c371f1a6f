/**
 * The output of `m2m token`.
 *
 * @module
 */

import type { Credentials } from "../../credentials.ts";
import { isTerminal, writeOutput } from "../host.ts";

/** What is printed. */
export interface TokenForm {
  /** The token alone, its header, or what is known of it as JSON. */
  readonly form: "token" | "header" | "json";
  /** The name of the header. */
  readonly headerKey: string;
}

/** What is printed of credentials. */
export type PrintedCredentials = Pick<Credentials, "accessToken" | "tokenType" | "expiresAt" | "scope">;

/** Prints a token. */
export async function printToken(
  { accessToken, tokenType, expiresAt, scope }: PrintedCredentials,
  { form, headerKey }: TokenForm,
): Promise<void> {
  if (form === "json") {
    await writeOutput(`${
      escapeControls(JSON.stringify({
        access_token: accessToken,
        token_type: tokenType,
        ...expiresAt !== undefined && {
          expires_in: Math.max(0, Math.floor((expiresAt - Date.now()) / 1_000)),
          expires_at: new Date(expiresAt).toISOString(),
        },
        ...scope !== undefined && { scope },
      }))
    }\n`);
  } else if (form === "header") {
    const name = headerKey.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
    await writeOutput(`${name}: ${tokenType} ${accessToken}\n`);
  } else {
    await writeOutput(isTerminal(1) ? `${accessToken}\n` : accessToken);
  }
}

/** What JSON leaves as it is and a terminal may obey (ECMA-48 §8.3, UAX 9), escaped: some of it is the server's words. */
export function escapeControls(json: string): string {
  return json.replace(
    /[\x7f-\x9f]|\p{Bidi_Control}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
