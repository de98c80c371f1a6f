/**
 * Certificates and keys as PEM text (RFC 7468), and as `node:tls` takes them.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { isDenied } from "../http/network_errors.ts";
import type { TransportOptions } from "./transport.ts";

/** The PEM texts that options name. */
export interface PemTexts {
  /** Authorities to trust besides the runtime's own. */
  readonly ca?: string | undefined;
  /** The client's certificate. */
  readonly cert?: string | undefined;
  /** Its private key. */
  readonly key?: string | undefined;
}

/** The settings of `tls.connect`. */
export interface TlsSettings {
  readonly ca?: readonly string[] | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly rejectUnauthorized?: boolean;
}

/** Not imported: bundlers for the web would look for the modules. */
declare const process: {
  getBuiltinModule(name: "node:fs/promises"): { readFile(path: string, encoding: "utf8"): Promise<string> };
  getBuiltinModule(name: "node:tls"): {
    rootCertificates: readonly string[];
    getCACertificates?(type: "default"): readonly string[];
    createSecureContext(settings: TlsSettings): unknown;
  };
};

/** Reads the certificates and the key that the options name, or throws an `AuthenticationError`. */
export async function readPems(
  { verify, verifyName = "verify", clientCertificate: { cert, key } = { cert: "", key: "" } }: TransportOptions,
  readText: (path: string) => Promise<string>,
): Promise<PemTexts> {
  // Messages don't show the path: it may be a key's bare base64, taken for a path.
  const read = async (name: string, given: unknown, kind: string) => {
    if (typeof given !== "string" || given === "") return undefined;
    let code: unknown;
    try {
      const text = given.includes("-----BEGIN ") ? given : await readText(given);
      if (new RegExp(`-----BEGIN ([A-Z0-9]+ )?${kind}-----[^-]+-----END `).test(text)) return text;
    } catch (error) {
      if (isDenied(error)) {
        const message = `Cannot read the file that ${name} names: not permitted. Run with --allow-read for it.`;
        throw new AuthenticationError("permission_denied", message);
      }
      ({ code } = Object(error));
    }
    throw new AuthenticationError(
      "invalid_config",
      `Cannot use ${name}${
        code ? ` (${code})` : ""
      }: it must be a ${kind.toLowerCase()} as PEM text, or the path of a ` +
        "file with one.",
    );
  };
  return {
    ca: await read(verifyName, verify, "CERTIFICATE"),
    cert: await read("clientCertificate.cert", cert, "CERTIFICATE"),
    key: await read("clientCertificate.key", key, "PRIVATE KEY"),
  };
}

/** Calls the first function that uses the certificates and keys. Throws an `AuthenticationError` if they are damaged. */
export function usePems<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    if (isDenied(error)) throw error;
    // The runtime's message names no option.
    throw new AuthenticationError(
      "invalid_config",
      "Cannot use verify or clientCertificate: a certificate or key is damaged, or the key isn't the certificate's.",
    );
  }
}

/**
 * Reads the options' files into settings of `tls.connect`, and checks them by making a secure context, which all
 * connections can share: it holds many authorities.
 */
export async function readTlsSettings(
  options: TransportOptions,
): Promise<{ tls: TlsSettings; secureContext: unknown }> {
  const fs = process.getBuiltinModule("node:fs/promises");
  const node = process.getBuiltinModule("node:tls");
  const { ca: added, cert, key } = await readPems(options, (path) => fs.readFile(path, "utf8"));
  // `ca` replaces the runtime's own authorities. The token endpoint may need these where the API has a private one.
  const ca = added && { ca: [...node.getCACertificates?.("default") ?? node.rootCertificates, added] };
  const identity = cert && key && { cert, key };
  return {
    tls: { ...ca, ...identity, ...options.verify === false && { rejectUnauthorized: false } },
    // Bun says of unusable certificates no more than that it can't open a socket.
    secureContext: usePems(() => node.createSecureContext({ ...ca, ...identity })),
  };
}
