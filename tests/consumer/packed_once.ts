/** The package, packed once for all tests of a file: it is slow. @module */
import { type PackedPackage, packedPackage } from "./packed_package.ts";

/** Packs it before the file's first test, and removes it after the last. */
export function packedOnce(): () => PackedPackage {
  let packed: PackedPackage;
  Deno.test.beforeAll(async () => {
    packed = await packedPackage();
  });
  Deno.test.afterAll(async () => {
    await packed[Symbol.asyncDispose]();
  });
  return () => packed;
}
