/**
 * A secret in a file, as containers and vault agents provide it.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";

/** Deno, Bun and Node have this, and bundlers for the web don't resolve it. */
declare const process: {
  getBuiltinModule(name: "node:fs/promises"): { readFile(path: string | URL, encoding: "utf8"): Promise<string> };
};

/**
 * Reads a secret, a private key or an assertion from a file, for each token request.
 *
 * The file may change while the program runs. Line breaks at its end are removed, for editors add them. Works on Deno
 * (`--allow-read` for the file), Bun and Node.
 *
 * @example
 * ```ts
 * import { getToken } from "@m2m/authenticator";
 * import { secretFile } from "@m2m/authenticator/client-auth/secret-file";
 *
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "my-secret\n");
 *
 * const credentials = await getToken("https://auth.example.com/oauth/token", {
 *   clientId: "my-client",
 *   clientSecret: secretFile(path),
 * });
 * console.log(credentials.tokenType);
 * await Deno.remove(path);
 * ```
 *
 * @param path The file's path or URL.
 * @returns A value for `clientSecret`, `clientSecretJwt`, `privateKeyJwt` and `clientAssertion`. It rejects with an
 * `AuthenticationError`, whose code is `permission_denied` if Deno may not read the file, and `client_auth_unavailable`
 * if it can't be read or is empty.
 * @throws {TypeError} If the path is empty.
 */
export function secretFile(path: string | URL): () => Promise<string> {
  if (!(path instanceof URL) && (typeof path !== "string" || path === "")) {
    throw new TypeError("path must be the path of a file, or its URL.");
  }
  return async () => {
    const secret = (await read(path)).replace(/[\r\n]+$/, "");
    if (secret === "") {
      throw new AuthenticationError("client_auth_unavailable", "Cannot use the secret's file: there is nothing in it.");
    }
    return secret;
  };
}

/** Shows no path: it may be the secret itself, by mistake. */
async function read(path: string | URL): Promise<string> {
  try {
    return await process.getBuiltinModule("node:fs/promises").readFile(path, "utf8");
  } catch (error) {
    const { name, code } = Object(error);
    if (globalThis.process?.getBuiltinModule === undefined) {
      throw new AuthenticationError(
        "client_auth_unavailable",
        "Cannot read the secret's file: this runtime has no files.",
      );
    }
    if (name === "NotCapable") {
      throw new AuthenticationError(
        "permission_denied",
        "Cannot read the secret's file: not permitted. Run with --allow-read for it.",
      );
    }
    throw new AuthenticationError(
      "client_auth_unavailable",
      `Cannot read the secret's file${typeof code === "string" ? ` (${code})` : ""}. Check the path.`,
    );
  }
}
