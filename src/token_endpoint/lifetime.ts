/**
 * Reads how long a token lives: from `expires_in`, or from a JWT.
 *
 * @module
 */

/** Longer lifetimes than this are taken for nonsense (an epoch time in `expires_in`, say), in milliseconds. */
const longestLifetime = 10 * 365 * 24 * 3_600_000;

/**
 * The lifetime in `expires_in`, in milliseconds. Servers send numbers, strings and floats; zero, negative, absurd
 * and unreadable ones say nothing (RFC 6749 §5.1 makes it optional).
 */
export function parseExpiresIn(value: unknown): number | undefined {
  const isNumeric = typeof value === "number" ||
    typeof value === "string" && /^\d+(\.\d+)?$/.test(value.trim());
  return plausible(isNumeric ? Number(value) * 1000 : NaN);
}

/**
 * The lifetime by a JWT's own `exp`, in milliseconds from `now`. Its `iat` keeps a wrong local clock from stretching it,
 * or from making a fresh token look expired.
 */
export function jwtLifetime(token: string, now: number): number | undefined {
  const { exp, iat } = readJwtClaims(token);
  if (typeof exp !== "number") return undefined;
  const left = exp * 1000 - now;
  const whole = typeof iat === "number" ? (exp - iat) * 1000 : left;
  return plausible(Math.min(left, whole)) ?? plausible(Math.max(left, whole));
}

function readJwtClaims(token: string): { exp?: unknown; iat?: unknown } {
  try {
    // The signature is the API's business: a forged `exp` could only change when we ask for a new token. And only
    // numbers are read, so the web's own decoder will do, which minds no UTF-8: @std's would be a part of every core.
    const payload = token.split(".")[1] ?? "";
    return Object(JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))));
  } catch {
    return {};
  }
}

function plausible(lifetime: number): number | undefined {
  return lifetime > 0 && lifetime <= longestLifetime ? lifetime : undefined;
}
