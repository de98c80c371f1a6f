/**
 * The version, for `--version`.
 *
 * @module
 */

/** The version of this package: that of deno.json, which no runtime can import from an installed package. */
export const version = "0.1.0";
