/**
 * Reads how long a token lives: from `expires_in`, or from a JWT.
 *
 * @module
 */

/** Longer lifetimes than this are taken for nonsense (an epoch time in `expires_in`, say), in milliseconds. */
const longestLifetime = 10 * 365 * 24 * 3_600_000;
const day = 24 * 3_600_000;

/** Reads a token's lifetime in milliseconds: the earlier of what the server says and the JWT's own `exp`. */
export function readLifetime(answer: Record<string, unknown>, token: string, now: number): number | undefined {
  const { expires_in, expires_on, expires_at, expires } = answer;
  const [moment] = [expires_on, expires_at, expires].flatMap((value) => parseExpiry(value, now) ?? []);
  const lifetime = parseExpiresIn(expires_in) ?? moment;
  // What is longer than a day may be in milliseconds. Of a shorter one a moment says no more: this clock may be wrong.
  const said = lifetime !== undefined && lifetime > day ? Math.min(lifetime, moment ?? lifetime) : lifetime;
  const own = jwtLifetime(token, now);
  // A JWT's times are in whole seconds.
  return said !== undefined && (own === undefined || own > said - 1_000) ? said : own;
}

/**
 * Reads the lifetime in `expires_in`, in milliseconds. Servers send numbers, strings and floats; negative, absurd and
 * unreadable ones say nothing (RFC 6749 §5.1 makes it optional).
 */
export function parseExpiresIn(value: unknown): number | undefined {
  const seconds = parseNumber(value);
  return seconds === 0 ? 0 : plausible(seconds * 1000);
}

/** Reads the lifetime by other members, in milliseconds: seconds or milliseconds since the epoch, a date, or seconds. */
export function parseExpiry(value: unknown, now: number): number | undefined {
  const number = parseNumber(value);
  if (number < 1e9) return plausible(number * 1000);
  const date = typeof value === "string" && /\d-\d|:/.test(value) ? Date.parse(value) : NaN;
  return plausible((Number.isNaN(number) ? date : number < 1e11 ? number * 1000 : number) - now);
}

function parseNumber(value: unknown): number {
  const isNumeric = typeof value === "number" || typeof value === "string" && /^\d+(\.\d+)?$/.test(value.trim());
  return isNumeric ? Number(value) : NaN;
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
    // The signature is for the API to check: a forged `exp` could only change when a new token is requested. Only
    // numbers are read, so `atob` will do, though it decodes no UTF-8: @std's decoder would be in every bundle.
    // "e30" is `{}`: most tokens that are no JWT have no dot, and an exception for each would cost more than the rest.
    const payload = token.split(".")[1] ?? "e30";
    return Object(JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))));
  } catch {
    return {};
  }
}

function plausible(lifetime: number): number | undefined {
  return lifetime > 0 && lifetime <= longestLifetime ? lifetime : undefined;
}
