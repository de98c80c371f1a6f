/**
 * Reads a token's file, which the platform replaces before the token expires.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { secretFile } from "../secrets/secret_file.ts";
import { checkJwt, type Platform } from "./identity.ts";

/** Returns a function that reads the file each time. Throws a `TypeError` for what is no path. */
export function readTokenFile(platform: Platform, path: string | URL, audience?: string): () => Promise<string> {
  const read = secretFile(path);
  return async () => {
    try {
      return checkJwt(platform, await read(), audience);
    } catch (error) {
      if (!(error instanceof AuthenticationError) || !error.message.includes("the secret's file")) throw error;
      const state = error.message.replace("the secret's file", "the token's file");
      throw new AuthenticationError(error.code, `Cannot get a token of ${platform.title}. ${state} ${platform.advice}`);
    }
  };
}
