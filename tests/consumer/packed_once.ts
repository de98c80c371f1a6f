/** The package packed once for all tests of a file, which is slow to do. @module */
import { type PackedPackage, packedPackage } from "./packed_package.ts";

/** Has it packed before the file's first test and removed after its last; gives what tells where it is. */
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
