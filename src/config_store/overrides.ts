/**
 * Checks settings that take precedence over published ones.
 *
 * @module
 */

import { checkHeaderKey, checkResource, checkScopes, checkString } from "../arguments.ts";
import type { ClientConfig } from "./client_config_store.ts";

/** The settings of a client that may be overridden. */
export type Overrides = Pick<ClientConfig, "scopes" | "audience" | "resource" | "headerKey">;

/** Checks overrides and returns a frozen copy, as all callers share it. */
export function checkOverrides({ scopes, audience, resource, headerKey }: Overrides = {}): Overrides {
  return Object.freeze({
    scopes: frozenScopes(scopes),
    audience: checkString("audience", audience),
    resource: checkResource(resource),
    headerKey: checkHeaderKey(headerKey),
  });
}

/** Checks scopes and returns a frozen copy. */
export function frozenScopes(scopes: unknown): readonly string[] | undefined {
  return Object.freeze(checkScopes(scopes));
}
