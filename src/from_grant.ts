/**
 * The token source of an authenticator, by its grant.
 *
 * @module
 */

import type { Grant } from "./token_endpoint/grant.ts";
import { grantSource, type GrantSourceOptions } from "./token_endpoint/grant_source.ts";
import type { MakeTokenSource } from "./token_source.ts";

/** Makes an authenticator's token source of a grant. Its options have gone through `checkGrantOptions`. */
export function fromGrant(grant: Grant): MakeTokenSource {
  return (context) => grantSource(grant, context as GrantSourceOptions);
}
