/**
 * The functions of Web Crypto, some of which some runtimes lack.
 *
 * @module
 */

/** Says which of these functions the runtime lacks, if any: that is no fault of a key. */
export function describeMissing(...names: readonly (keyof SubtleCrypto)[]): string | undefined {
  const subtle: Partial<SubtleCrypto> | undefined = globalThis.crypto?.subtle;
  // Browsers have none on pages of http:.
  if (!subtle) return "this runtime lacks crypto.subtle";
  const missing = names.filter((name) => typeof subtle[name] !== "function").map((name) => `crypto.subtle.${name}`);
  return missing.length > 0 ? `this runtime lacks ${missing.join(", ")}` : undefined;
}
