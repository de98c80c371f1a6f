/**
 * Names an option with its value, in code's words or in a command line's.
 *
 * @module
 */

import type { Examination } from "./examination.ts";

/** A value: itself, or where it is no plain one how code writes it. */
export type SettingValue = string | readonly string[] | { readonly code: string };

/**
 * Writes `headerKey: "x-token"`; where the option comes from a flag, or a variable, `--header-key x-token`.
 *
 * @param nameOption The examination's.
 * @param option The option.
 * @param value Its value. What only code can write is left out where the option has another name.
 * @returns Words for a sentence.
 */
export function nameSetting(nameOption: Examination["nameOption"], option: string, value: SettingValue): string {
  const name = nameOption(option);
  const isCode = typeof value === "object" && "code" in value;
  if (name === option) return `${name}: ${isCode ? value.code : JSON.stringify(value)}`;
  return isCode ? name : `${name} ${[value].flat().join(" ")}`;
}

/** What advice says of DPoP: its option is made by a function. */
export const dpopValue: SettingValue = { code: "dpop(), of @m2m/authenticator/dpop" };

/** What advice says of client certificates. */
export const certificateValue: SettingValue = { code: "{ cert, key }" };
