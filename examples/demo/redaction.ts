/** Names for tokens, which tell two apart, and of which none can be used. @module */

import type { Credentials } from "@m2m/authenticator";
import { seconds } from "./timeline.ts";

/** `token #4fa1`: the first 16 bits of its SHA-256. */
export async function nameToken(token: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
  return `token #${[...hash.subarray(0, 2)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** `token #4fa1, 494 characters, expires in 2.91 s` */
export async function describe(credentials: Credentials): Promise<string> {
  const { accessToken, expiresAt } = credentials;
  const life = expiresAt === undefined ? "expiry unknown" : `expires in ${seconds(expiresAt - Date.now())}`;
  return `${await nameToken(accessToken)}, ${accessToken.length} characters, ${life}`;
}
