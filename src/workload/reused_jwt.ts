/**
 * Uses a platform's JWT for as long as that is safe.
 *
 * @module
 */

import { readClaims } from "../jwt/read_jwt.ts";
import { newFlight } from "../refresh/single_flight.ts";

/** A JWT is replaced when a fifth of its life is left, or a minute. */
const [share, most] = [5, 60_000];

/**
 * Requests a JWT once for all callers that come while the request is under way, and keeps it until shortly before its
 * `exp`. One with a `jti` is handed out once only, unless `reuse` says otherwise.
 */
export function reuseJwt(request: () => Promise<string>, reuse = false): () => Promise<string> {
  const flight = newFlight<string>();
  let cached: { readonly jwt: string; readonly until: number } | undefined;
  let handedOut: string | undefined;
  const load = async () => {
    const jwt = await request();
    const { exp, jti } = readClaims(jwt);
    const isReusable = typeof exp === "number" && (reuse || jti === undefined);
    const lifetime = isReusable ? exp * 1_000 - Date.now() : 0;
    cached = isReusable ? { jwt, until: Date.now() + lifetime - Math.min(lifetime / share, most) } : undefined;
    return jwt;
  };
  return async () => {
    if (cached && Date.now() < cached.until) return cached.jwt;
    const jwt = await flight.join(load);
    // Another caller has it already.
    if (jwt === handedOut && !cached) return await load();
    return handedOut = jwt;
  };
}
