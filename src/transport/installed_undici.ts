/**
 * The transport for Node, by undici where it is installed.
 *
 * The core can't import undici: bundlers would put it, and what it needs of Node, into every program for the web. So it
 * is looked up when it is needed, in a way they don't follow.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import type { Undici } from "./undici.ts";

declare const process: {
  argv: string[];
  cwd(): string;
  getBuiltinModule(name: "node:module"): { createRequire(from: string): (name: string) => unknown };
};

/** Looks undici up from where the program stands. */
export function loadUndici(): Undici {
  const { createRequire } = process.getBuiltinModule("node:module");
  // Not from this file: "import.meta" would be a syntax error in a bundle that isn't a module, such as a service worker's.
  // Nor from the working folder, which may be any folder, unless there is no program (node -e).
  try {
    return createRequire(process.argv[1] ?? `${process.cwd()}/`)("undici") as Undici;
  } catch {
    // Not to be had from there.
  }
  throw new AuthenticationError(
    "invalid_config",
    "Cannot use httpProxyUrl, verify or clientCertificate on Node without undici: npm install undici, or pass the fetch " +
      "of nodeTransport (@m2m/authenticator/transport/node).",
  );
}
