/**
 * Reads a CA bundle.
 *
 * @module
 */

import { readFile } from "node:fs/promises";

/** The bundle's PEM text: given as such, or as the path of a file that holds it. */
export async function readPem(bundle: string): Promise<string> {
  return bundle.includes("-----BEGIN") ? bundle : await readFile(bundle, "utf8");
}
