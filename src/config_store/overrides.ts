/**
 * What a user says of a client, in place of what is published.
 *
 * @module
 */

import { checkHeaderKey, checkResource, checkScopes, checkString } from "../arguments.ts";
import type { ClientConfig } from "./client_config_store.ts";

/** What a user may say. */
export type Overrides = Pick<ClientConfig, "scopes" | "audience" | "resource" | "headerKey">;

/** The same, checked: a copy of its own, and frozen, for all who ask share it. */
export function checkOverrides({ scopes, audience, resource, headerKey }: Overrides = {}): Overrides {
  return Object.freeze({
    scopes: frozenScopes(scopes),
    audience: checkString("audience", audience),
    resource: checkResource(resource),
    headerKey: checkHeaderKey(headerKey),
  });
}

/** Scopes that may be shared. */
export function frozenScopes(scopes: unknown): readonly string[] | undefined {
  return Object.freeze(checkScopes(scopes));
}
