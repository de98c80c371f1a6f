/**
 * The name under which a token is stored.
 *
 * @module
 */

import { encodeBase64Url } from "@std/encoding/base64url";
import { serializeParameters } from "../token_endpoint/parameters.ts";
import type { TokenIdentity } from "../token_endpoint/token_sharing.ts";

/**
 * Makes the key of a token: a hash of everything that makes it another one. Only the hash is written. The version makes
 * what an earlier format wrote a miss.
 */
export async function makeStoreKey(identity: TokenIdentity, partition: string): Promise<string> {
  const { issuer, tokenEndpoint, clientId, grantType, variant, form, tokenType, dpop } = identity;
  // Empty values aren't sent.
  const sent = Object.entries(form).flatMap(([name, values]) => {
    const filled = values.filter(Boolean);
    return filled.length > 0 ? [[name, filled] as const] : [];
  });
  const parts = [
    "m2m-token-1",
    issuer ?? new URL(tokenEndpoint).href,
    clientId,
    grantType,
    variant ?? "",
    serializeParameters(Object.fromEntries(sent)),
    tokenType ?? "",
    await dpop?.thumbprint?.() ?? "",
    partition,
  ];
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(parts)));
  return encodeBase64Url(new Uint8Array(digest));
}
