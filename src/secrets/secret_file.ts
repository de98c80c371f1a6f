/**
 * A secret that is kept in a file, as containers and vault agents hand it out.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";

/** What Deno, Bun and Node have alike, and bundlers for the web don't trip over. */
declare const process: {
  getBuiltinModule(name: "node:fs/promises"): { readFile(path: string | URL, encoding: "utf8"): Promise<string> };
};

/**
 * Reads a secret, a private key or an assertion from a file, anew each time it is needed: when the file changes, the
 * next token request goes out with what it says then. Line ends at its end are taken off, for editors add them.
 *
 * For Deno (`--allow-read` for the file), Bun and Node.
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
 * @param path Where the file is.
 * @returns What `clientSecret`, `clientSecretJwt`, `privateKeyJwt` and `clientAssertion` take. It rejects with an
 * `AuthenticationError`: the code is `permission_denied` where Deno may not read the file, and `client_auth_unavailable`
 * where it can't be read or is empty.
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

/** The path isn't shown: it may be that somebody gives the secret itself. */
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
