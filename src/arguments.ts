/**
 * Checks of what a caller or a store says of the client's settings. Each throws a `TypeError` that says what to
 * write instead.
 *
 * @module
 */

/** Parses a URL; `undefined` if it is none. Some runtimes have no `URL.canParse`. */
export function parseUrl(value: string | URL, base?: string): URL | undefined {
  try {
    return new URL(value, base);
  } catch {
    return undefined;
  }
}

/** An absolute `http:` or `https:` URL without credentials, which URLs leak into logs. */
export function checkUrl(name: string, value: unknown): URL {
  const url = typeof value === "string" || value instanceof URL ? parseUrl(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    return throwInvalid(
      name,
      'an absolute URL, without user name and password, such as "https://auth.example.com"',
      value,
    );
  }
  return url;
}

/** A client that can authenticate itself. Each part of it is checked by itself later. */
export function checkClient(client: { clientId?: unknown; clientSecret?: unknown; clientAuth?: unknown }): void {
  const missing = [
    ...client.clientId ? [] : ["clientId"],
    ...client.clientSecret || client.clientAuth ? [] : ["clientSecret (or clientAuth)"],
  ];
  if (missing.length > 0) {
    throw new TypeError(`Client ID and Client SECRET both are required. Missing: ${missing.join(" and ")}.`);
  }
}

/** The scheme that a token is sent with, whatever the server calls it. */
export function checkTokenType({ tokenType, dpop }: { tokenType?: unknown; dpop?: unknown }): void {
  if (tokenType === undefined) return;
  if (dpop !== undefined) {
    throw new TypeError("tokenType can't be combined with dpop, whose tokens have a scheme of their own.");
  }
  if (typeof tokenType !== "string" || !/^[\w-]+$/.test(tokenType)) {
    throwInvalid("tokenType", 'a scheme, such as "Bearer"', tokenType);
  }
}

/** A list of scope tokens (RFC 6749 §3.3). A string would be a list of letters to a careless reader: refused. */
export function checkScopes(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const must = 'an array with one scope (RFC 6749 §3.3) an element, such as ["api:read"]';
  if (!Array.isArray(value)) return throwInvalid("scopes", must, value);
  for (const scope of value) {
    if (typeof scope !== "string" || !/^[!#-[\]-~]+$/.test(scope)) throwInvalid("scopes", must, scope);
  }
  return [...value];
}

/** A string, where an empty one counts as a value of its own. */
export function checkString(name: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throwInvalid(name, "a string", value);
  return value;
}

/** A header name (RFC 9110 §5.1), in lower case; an empty one is none. Those that `fetch` sets itself would get lost. */
export function checkHeaderKey(value: unknown): string | undefined {
  const name = checkString("headerKey", value);
  if (!name) return undefined;
  if (!/^(?!(host|connection|content-length|transfer-encoding)$)[!#$%&'*+\-.^_`|~\w]+$/i.test(name)) {
    throwInvalid("headerKey", 'a header name, such as "authorization"', value);
  }
  return name.toLowerCase();
}

/** A function, or nothing. */
export function checkFunction(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") throwInvalid(name, "a function", value);
}

/** Which header is sent where the caller has set the token's, or nothing. */
export function checkCallerHeader(value: unknown): void {
  if (value !== undefined && value !== "keep" && value !== "replace") {
    throwInvalid("callerHeader", '"keep" or "replace"', value);
  }
}

/** A time in milliseconds that timers can keep, or nothing: beyond 24.8 days they fire at once. */
export function checkDuration(name: string, value: unknown): void {
  checkNumber(name, value, 1, 2 ** 31 - 1);
}

/** A number within limits, or nothing. */
export function checkNumber(name: string, value: unknown, least: number, most = Infinity): void {
  if (value === undefined) return;
  if (typeof value !== "number") throwInvalid(name, "a number", value);
  if (!(value >= least && value <= most)) {
    throw new RangeError(`${name} must be ${least} to ${most}.`);
  }
}

/** Throws what a check found. Only for what is no secret. */
export function throwInvalid(name: string, must: string, value: unknown): never {
  throw new TypeError(`${name} must be ${must}: got ${show(value)}.`);
}

/** What was given, short enough for a message. */
function show(value: unknown): string {
  if (typeof value !== "string") {
    return value === null || value === undefined ? String(value) : `a value of type ${typeof value}`;
  }
  return value.includes("@")
    ? "a string that may hold credentials"
    : JSON.stringify(value.replace(/\?.*/s, "?…").slice(0, 100));
}

/**
 * The APIs a token is for (RFC 8707 §2): absolute URIs without fragment or white space, one or an array of them. Returns
 * a frozen copy, which may be shared.
 */
export function checkResource(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const uris = [value].flat().map((uri) => uri instanceof URL ? uri.href : uri);
  for (const uri of uris) {
    if (typeof uri !== "string" || !parseUrl(uri) || /[\s#]/.test(uri)) {
      throwInvalid("resource", "an absolute URI without fragment (RFC 8707 §2)", uri);
    }
  }
  return Object.freeze(uris as string[]);
}
