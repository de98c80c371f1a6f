/**
 * An API's challenge for a DPoP proof (RFC 9449 §7.1).
 *
 * @module
 */

import { parseChallenges } from "../http/www_authenticate.ts";

/** Gets the `error` of the `DPoP` challenge in `WWW-Authenticate`, if there is one. */
export function getProofError({ status, headers }: Pick<Response, "status" | "headers">): string | undefined {
  if (status !== 401) return undefined;
  const errors = parseChallenges(headers.get("www-authenticate"))
    .map(({ scheme, parameters }) => scheme === "dpop" ? parameters.get("error") : undefined);
  return errors.find((error) => error !== undefined);
}
