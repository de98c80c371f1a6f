/**
 * Certificates and keys as PEM text (RFC 7468), given as such or by the path of a file that holds it.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import type { TransportOptions } from "./transport.ts";

/** Reads a file as text. */
export type ReadText = (path: string) => Promise<string>;

/** What a transport needs of {@linkcode TransportOptions}, read. */
export interface PemTexts {
  /** Authorities to trust besides the runtime's own. */
  readonly ca?: string;
  /** The client's certificate. */
  readonly cert?: string;
  /** Its private key. */
  readonly key?: string;
}

/** Reads the certificates and the key that the options name. Throws an `AuthenticationError` if it can't. */
export async function readPems(
  { verify, clientCertificate }: TransportOptions,
  readText: ReadText,
): Promise<PemTexts> {
  const read = async (name: string, given: string, wanted: RegExp) =>
    checked(name, given.includes("-----BEGIN ") ? given : await readFile(name, given, readText), wanted);
  return {
    ...typeof verify === "string" && verify && { ca: await read("verify", verify, certificate) },
    ...clientCertificate && {
      cert: await read("clientCertificate.cert", clientCertificate.cert, certificate),
      key: await read("clientCertificate.key", clientCertificate.key, privateKey),
    },
  };
}

/** What comes of the first use of certificates and keys, or an `AuthenticationError` if they are no good. */
export function usePems<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (Object(error).name === "NotCapable") throw error;
    // What the runtime says of it names no setting.
    throw new AuthenticationError(
      "invalid_config",
      "Cannot use verify or clientCertificate: a certificate or key is damaged, or the key isn't the certificate's.",
    );
  }
}

const certificate = /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END /;
const privateKey = /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----[^-]+-----END /;

function checked(name: string, text: string, wanted: RegExp): string {
  if (wanted.test(text)) return text;
  const what = wanted === certificate ? "certificate" : "private key that isn't encrypted";
  throw new AuthenticationError("invalid_config", `Cannot use ${name}: it holds no ${what} as PEM text (RFC 7468).`);
}

/** The path isn't shown: who takes a key's bare base64 for PEM text gives the key as a path. */
async function readFile(name: string, path: string, readText: ReadText): Promise<string> {
  try {
    return await readText(path);
  } catch (error) {
    const { name: kind, code } = Object(error);
    if (kind === "NotCapable") {
      throw new AuthenticationError(
        "permission_denied",
        `Cannot read the file that ${name} names: not permitted. Run with --allow-read for it.`,
      );
    }
    throw new AuthenticationError(
      "invalid_config",
      `Cannot read the file that ${name} names${typeof code === "string" ? ` (${code})` : ""}. ` +
        "It must be PEM text, or the path of a PEM file.",
    );
  }
}
