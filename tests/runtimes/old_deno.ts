/** An older Deno, from npm. @module */
import { join } from "node:path";
import { packagedFile } from "./npm_package.ts";

/** The oldest version that is supported. */
export const oldestDeno = "2.0.0";

/** Downloads it; resolves to a function that puts the executable into a folder, and returns its path. */
export async function oldDenoPackage(): Promise<(folder: string) => Promise<string>> {
  const packages = { "linux-x86_64": `@deno/linux-x64-glibc@${oldestDeno}` };
  const packed = await packagedFile(`Deno ${oldestDeno}`, packages, "deno");
  return async (folder) => {
    // In the package the file isn't executable: its install script, which isn't run here, makes it so.
    const executable = join(folder, "old_deno");
    await Deno.copyFile(packed, executable);
    await Deno.chmod(executable, 0o755);
    return executable;
  };
}
