/**
 * What tells one authenticator's spans and metrics from another's.
 *
 * @module
 */

import type { Attributes } from "@opentelemetry/api";
import type { AuthenticatorDescription } from "../events.ts";

/** Describes an authenticator: its API, and what its token is requested for. With changes, where `undefined` drops one. */
export function describe(authenticator: AuthenticatorDescription, changes: Attributes = {}): Attributes {
  const { endpoint, scopes, audience, resource } = authenticator;
  const { hostname, port } = new URL(endpoint);
  const attributes: Attributes = {
    "server.address": hostname,
    "server.port": port ? Number(port) : undefined,
    "m2m.scopes": join(scopes),
    "m2m.audience": join(audience),
    "m2m.resource": join(resource),
    ...changes,
  };
  // Exporters show an undefined one as an empty text.
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

/** A list as one text, in one order: Prometheus has no lists, and their order has no meaning. */
function join(values: string | readonly string[] | undefined): string | undefined {
  return [values ?? []].flat().sort().join(" ") || undefined;
}
