/**
 * What an API says against a proof (RFC 9449 §7.1).
 *
 * @module
 */

import { parseChallenges } from "../http/www_authenticate.ts";

/**
 * The `error` of the challenge for the scheme `DPoP`, wherever it stands among others in `WWW-Authenticate`. Gateways
 * put plain sentences there, in which nothing is found.
 */
export function proofError({ status, headers }: Pick<Response, "status" | "headers">): string | undefined {
  if (status !== 401) return undefined;
  const errors = parseChallenges(headers.get("www-authenticate"))
    .map(({ scheme, parameters }) => scheme === "dpop" ? parameters.get("error") : undefined);
  return errors.find((error) => error !== undefined);
}
