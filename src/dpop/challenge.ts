/**
 * What an API says against a proof (RFC 9449 §7.1).
 *
 * @module
 */

/** A scheme, or a parameter with its value (RFC 9110 §11.2, §11.6.1). */
const words = /([\w!#$%&'*+\-.^`|~]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&'*+\-.^`|~]+)))?/g;

/**
 * The `error` of the challenge for the scheme `DPoP`, wherever it stands among others in `WWW-Authenticate`. Gateways
 * put plain sentences there, in which nothing is found.
 */
export function proofError({ status, headers }: Pick<Response, "status" | "headers">): string | undefined {
  const challenges = status === 401 && headers.get("www-authenticate");
  if (!challenges) return undefined;
  let scheme = "";
  for (const [, name, quoted, plain] of challenges.matchAll(words)) {
    const value = quoted ?? plain;
    if (value === undefined) scheme = name!.toLowerCase();
    else if (scheme === "dpop" && name!.toLowerCase() === "error") return value;
  }
  return undefined;
}
