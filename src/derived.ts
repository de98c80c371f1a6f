/**
 * Authenticators derived from one another: one client, many audiences.
 *
 * @module
 */

import { checkHeaderKey } from "./arguments.ts";
import { type CheckedOptions, checkOrigins, type WithOptions } from "./authenticator_options.ts";
import { newHealth } from "./refresh/health.ts";
import type { Tokens } from "./refresh/tokens.ts";
import { RejectionCache } from "./token_endpoint/rejection_cache.ts";
import { formParameters, serializeParameters, type TokenRequestOptions } from "./token_endpoint/parameters.ts";
import type { Transport } from "./transport/transport.ts";
import type { TokenEndpointState } from "./token_endpoint/grant_source.ts";

/** How many derived authenticators are kept: some 5 megabytes, and 45 with their tokens. */
const mostDerived = 10_000;

const changeable =
  /^(scopes|audience|resource|authorizationDetails|parameters|endpoint|headerKey|allowedOrigins|callerHeader)$/;

/** Options, with what a token is requested for where the authenticator's grant has that. */
type Changeable = CheckedOptions & TokenRequestOptions;

/** What authenticators derived from one another share. */
export interface Shared<T> extends TokenEndpointState {
  /** The one that all others were derived from. */
  readonly root: T;
  /** Those that are kept, by what they request; the last used is last. */
  readonly derived: Map<string, T>;
}

/** Makes the shared part of an authenticator, which others may be derived from. */
export function newShared<T>(root: T): Shared<T> {
  return { root, derived: new Map(), health: newHealth, rejections: new RejectionCache() };
}

/** Merges changes into options. */
export function mergeOptions(options: Changeable, changes: WithOptions): Changeable {
  formParameters(changes);
  const merged = { ...options };
  for (const [name, value] of Object.entries(changes)) {
    // With another client or subject, a caller would get the token of this one.
    if (!changeable.test(name)) throw new TypeError(`${name} can't be changed by with: make another authenticator.`);
    if (value === undefined) continue;
    Object.assign(merged, { [name]: name === "parameters" ? { ...options.parameters, ...value } : value });
  }
  return merged;
}

/** Gives the authenticator that is kept under a key, or makes it. */
export function findOrMake<T>({ derived }: Shared<T>, key: string, make: () => T): T {
  const found = derived.get(key) ?? make();
  derived.delete(key);
  derived.set(key, found);
  if (derived.size > mostDerived) derived.delete(derived.keys().next().value!);
  return found;
}

/** What is closed: an authenticator, and those derived from it if it is the first. */
interface Closing<T> {
  readonly closed: T;
  readonly options: CheckedOptions;
  readonly transport: Transport | undefined;
  getTokens(authenticator: T): Tokens;
}

/** Ends all token requests, revokes the tokens where that is wanted, and closes the transport. */
export async function closeAll<T>(
  { root, derived }: Shared<T>,
  { closed, options, transport, getTokens }: Closing<T>,
): Promise<void> {
  const all = [...new Set(root === closed ? [closed, ...derived.values()] : [closed])].map(getTokens);
  // Later ones like it are open.
  const key = serializeOptions(options);
  if (derived.get(key) === closed) derived.delete(key);
  const reason = new DOMException("The authenticator was closed.", "AbortError");
  try {
    await Promise.all(all.map((each) => each.close(reason)));
    await options.revocation?.revoke(all.flatMap((each) => each.forget() ?? []), options);
  } finally {
    await transport?.close();
  }
}

/** Serializes what a token is requested for, and where it is sent. */
export function serializeOptions(options: Changeable): string {
  return JSON.stringify([
    serializeParameters(formParameters(options)),
    options.endpoint,
    checkHeaderKey(options.headerKey),
    checkOrigins(options.allowedOrigins),
    options.callerHeader === "replace",
  ]);
}
