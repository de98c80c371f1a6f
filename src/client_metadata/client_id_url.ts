/**
 * A client identifier that is a URL (draft-ietf-oauth-client-id-metadata-document-03 §3).
 *
 * @module
 */

import { parseUrl, throwInvalid } from "../arguments.ts";
import { isLoopback } from "../http/loopback.ts";

/** What a URL must not have, as text: servers compare it as it is written. */
const faults: readonly (readonly [pattern: RegExp, must: string])[] = [
  // deno-lint-ignore no-control-regex
  [/[\x00-\x20\\\x7f]/, "must have no white space, control characters and backslashes"],
  [/#/, "must have no fragment"],
  [/^\w+:\/\/[^/?]*@/, "must have no user name and password"],
  [/^\w+:\/\/[^?]*\/(\.|%2e){1,2}(\/|\?|$)/i, "must have no segments . and .. in its path"],
  [/^\w+:\/\/[^/?]*\/?(\?|$)/, "must have a path, such as /oauth/client.json"],
];

/** Checks such a URL. It may be `http:` on loopback, for a server on the same machine. */
export function checkClientIdUrl(name: string, value: unknown): URL {
  const url = typeof value === "string" ? parseUrl(value) : undefined;
  if (!url || !/^https?:\/\//i.test(value as string)) {
    return throwInvalid(name, 'a URL as text, such as "https://client.example.com/oauth/client.json"', value);
  }
  const fault = faults.find(([pattern]) => pattern.test(value as string))?.[1] ??
    (url.protocol === "https:" || isLoopback(url.hostname) ? undefined : "must be https:, but on loopback");
  if (fault) throw new TypeError(`${name} ${fault} (draft-ietf-oauth-client-id-metadata-document §3).`);
  return url;
}
