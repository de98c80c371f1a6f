/**
 * Compares granted scopes with those asked for.
 *
 * @module
 */

/** What was asked for, and what is known of what was granted. */
export interface ScopeContext {
  readonly asked: readonly string[];
  /** The `scope` of the token response. */
  readonly answered?: string | undefined;
  /** Scopes and permissions by the token's own claims, where it has such claims. */
  readonly claimed?: readonly string[] | undefined;
}

/** The outcome. */
export interface ScopeComparison {
  /** `undefined`: neither the answer nor the token says, which means as asked (RFC 6749 §5.1). */
  readonly granted: readonly string[] | undefined;
  readonly missing: readonly string[];
}

/** Compares them as sets. */
export function compareScopes({ asked, answered, claimed }: ScopeContext): ScopeComparison {
  const granted = answered?.split(/[ ,]+/).filter(Boolean) ?? claimed;
  const all = new Set([...granted ?? [], ...claimed ?? []]);
  // Entra's name for all that the client is permitted, never to be seen in a token.
  const missing = granted === undefined
    ? []
    : [...new Set(asked)].filter((scope) => !all.has(scope) && !scope.endsWith("/.default"));
  return { granted, missing };
}
