/**
 * What must never show, and a search for it in everything a program might print.
 *
 * @module
 */

import { encodeBase64 } from "@std/encoding/base64";
import { assert } from "@std/assert";
import { getBasicAuthorizationHeader } from "../../mod.ts";

/** Planted in requests and answers; every part is unmistakable. */
export const planted = {
  clientId: "fault-client",
  secret: 'planted sécret/+:%25&"=?!!',
  token: "planted-token.eyJ~9/x+y==",
  tokenStart: "planted-token.eyJ",
  query: "planted-query-key",
  body: "planted-body-text",
} as const;

/** The secret in every form in which it is sent, or in which a server may quote it. */
export const quotedSecret = {
  "as it is": planted.secret,
  "form-encoded": new URLSearchParams({ "": planted.secret }).toString().slice(1),
  "percent-encoded": encodeURIComponent(planted.secret),
  "in HTML": "planted sécret/+:%25&amp;&quot;=?!!",
  "in HTML by numbers": "planted sécret/+:%25&amp;&#34;=?!!",
  "in JSON of ASCII characters": String.raw`planted s\u00e9cret\/+:%25&\"=?!!`,
  "in base64": encodeBase64(planted.secret),
  "as the Basic header's value": getBasicAuthorizationHeader(planted.clientId, planted.secret).slice(6),
  "as a raw Basic header's value": encodeBase64(`${planted.clientId}:${planted.secret}`),
};

const needles: Record<string, string> = {
  ...quotedSecret,
  "secret in JSON": JSON.stringify(planted.secret).slice(1, -1),
  token: planted.tokenStart,
  query: planted.query,
  body: planted.body,
};

/** Fails where anything planted shows in what can be printed of a value, or in what was printed. */
export function assertNothingShows(value: unknown, printed: readonly string[] = []): void {
  for (const [where, text] of Object.entries({ ...views(value), printed: printed.join("\n") })) {
    for (const [what, needle] of Object.entries(needles)) {
      assert(!text.includes(needle), `The planted ${what} shows in ${where}: ${text.slice(0, 2_000)}`);
    }
  }
}

/** Keeps what is printed while something runs. */
export async function recordConsole<T>(run: () => Promise<T>): Promise<{ result: T; printed: string[] }> {
  const printed: string[] = [];
  const original = { ...console };
  const record = (...values: unknown[]) => {
    printed.push(values.map((value) => typeof value === "string" ? value : Deno.inspect(value)).join(" "));
  };
  for (const method of ["debug", "error", "info", "log", "trace", "warn"] as const) console[method] = record;
  try {
    return { result: await run(), printed };
  } finally {
    Object.assign(console, original);
  }
}

function views(value: unknown): Record<string, string> {
  const seen: Record<string, string> = {
    inspection: Deno.inspect(value, { depth: 10, showHidden: true, getters: false }),
    JSON: JSON.stringify(value) ?? "",
    string: String(value),
  };
  // A token is read from Credentials by a getter: that one view would rightly hold it.
  if (!(value instanceof Error)) return seen;
  seen.getters = Deno.inspect(value, { depth: 10, showHidden: true, getters: true });
  let error: unknown = value;
  for (let depth = 0; error instanceof Error && depth < 10; depth++, error = error.cause) {
    seen[`message ${depth}`] = error.message;
    seen[`stack ${depth}`] = error.stack ?? "";
    seen[`properties ${depth}`] = JSON.stringify(Object.getOwnPropertyDescriptors(error));
  }
  return seen;
}
