/**
 * A secret's file that a variable or a key of a config file names.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { secretFile } from "../secrets/secret_file.ts";

/** Reads a secret's file as {@linkcode secretFile} does; errors say which variable or key names it. */
export function namedSecretFile(path: string, name = ""): () => Promise<string> {
  const read = secretFile(path);
  return async () => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error;
      throw new AuthenticationError(error.code, `${error.message} ${name} names this file.`);
    }
  };
}
