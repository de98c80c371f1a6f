/**
 * Certificates and keys as `node:tls` takes them, for runtimes whose settings are those of Node.
 *
 * @module
 */

import { type PemTexts, readPems, usePems } from "./pem.ts";
import type { TransportOptions } from "./transport.ts";

/** What is given to `tls.connect`, and a part of it. */
export interface TlsSettings {
  readonly ca?: readonly string[] | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly rejectUnauthorized?: boolean;
}

/** Bundlers for the web would look for what is imported. */
declare const process: {
  getBuiltinModule(name: "node:fs/promises"): { readFile(path: string, encoding: "utf8"): Promise<string> };
  getBuiltinModule(name: "node:tls"): {
    rootCertificates: readonly string[];
    getCACertificates?(type: "default"): readonly string[];
    createSecureContext(settings: TlsSettings): unknown;
  };
};

/** Reads the certificates and the key that the options name. */
export function readFromDisk(options: TransportOptions): Promise<PemTexts> {
  return readPems(options, (path) => process.getBuiltinModule("node:fs/promises").readFile(path, "utf8"));
}

/**
 * The settings for `tls.connect`. Its `ca` puts others in the place of the runtime's own authorities, so that these are
 * added: an API may have a private authority, its token endpoint a public one.
 */
export function tlsSettings({ ca, ...identity }: PemTexts, verify: unknown): TlsSettings {
  const tls = process.getBuiltinModule("node:tls");
  const own = () => tls.getCACertificates?.("default") ?? tls.rootCertificates;
  return {
    ...identity,
    ...ca && { ca: [...own(), ca] },
    ...verify === false && { rejectUnauthorized: false },
  };
}

/** Reads the settings once for all connections: the authorities are many. Throws if they can't be used. */
export function secureContext({ ca, cert, key }: TlsSettings): unknown {
  return usePems(() =>
    process.getBuiltinModule("node:tls").createSecureContext({ ...ca && { ca }, ...cert && key && { cert, key } })
  );
}
