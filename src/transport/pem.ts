/**
 * Certificates and keys as PEM text (RFC 7468), given as such or by the path of a file that holds it.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { isDenied } from "../http/network_errors.ts";
import type { TransportOptions } from "./transport.ts";

/** What a transport needs of {@linkcode TransportOptions}, read. */
export interface PemTexts {
  /** Authorities to trust besides the runtime's own. */
  readonly ca?: string | undefined;
  /** The client's certificate. */
  readonly cert?: string | undefined;
  /** Its private key. */
  readonly key?: string | undefined;
}

/** Reads the certificates and the key that the options name. Throws an `AuthenticationError` if it can't. */
export async function readPems(
  { verify, clientCertificate: { cert, key } = { cert: "", key: "" } }: TransportOptions,
  readText: (path: string) => Promise<string>,
): Promise<PemTexts> {
  /** The path isn't shown: a key's bare base64, taken for PEM text, is given as a path. */
  const read = async (name: string, given: unknown, kind: string) => {
    if (typeof given !== "string" || given === "") return undefined;
    let code: unknown;
    try {
      const text = given.includes("-----BEGIN ") ? given : await readText(given);
      if (new RegExp(`-----BEGIN ([A-Z0-9]+ )?${kind}-----[^-]+-----END `).test(text)) return text;
    } catch (error) {
      if (isDenied(error)) {
        throw new AuthenticationError(
          "permission_denied",
          `Cannot read the file that ${name} names: not permitted. Run with --allow-read for it.`,
        );
      }
      ({ code } = Object(error));
    }
    throw new AuthenticationError(
      "invalid_config",
      `Cannot use ${name}${
        code ? ` (${code})` : ""
      }: it must be a ${kind.toLowerCase()} as PEM text, or the path of a file with one.`,
    );
  };
  return {
    ca: await read("verify", verify, "CERTIFICATE"),
    cert: await read("clientCertificate.cert", cert, "CERTIFICATE"),
    key: await read("clientCertificate.key", key, "PRIVATE KEY"),
  };
}

/** What comes of the first use of certificates and keys, or an `AuthenticationError` if they are no good. */
export function usePems<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (isDenied(error)) throw error;
    // The runtime's words name no option.
    throw new AuthenticationError(
      "invalid_config",
      "Cannot use verify or clientCertificate: a certificate or key is damaged, or the key isn't the certificate's.",
    );
  }
}
