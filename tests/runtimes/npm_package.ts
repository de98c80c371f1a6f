/**
 * Npm packages that carry an executable, or a compiler. Each is downloaded into Deno's own cache, without install
 * scripts, against its integrity in `packages.lock`.
 *
 * That takes a process and a lock file for each: Deno downloads all that a lock file names, and the runtimes of all
 * tests are too much for a first look at this repository.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runDeno } from "./run_to_end.ts";
import { temporaryFolder } from "./temporary_folder.ts";

const script = fileURLToPath(new URL("print_package_folder.ts", import.meta.url));
const integrities = new URL("packages.lock", import.meta.url);

/** The path of a file in the package for this platform; `packages` are by `os-arch`, as `name@version`. */
export async function packagedFile(
  what: string,
  packages: Readonly<Record<string, string>>,
  file: string,
): Promise<string> {
  const platform = `${Deno.build.os}-${Deno.build.arch}`;
  if (!packages[platform]) throw new Error(`no package of ${what} for ${platform}`);
  return await npmPackage(packages[platform], file);
}

/** Downloads a package without dependencies, as `name@version`; resolves to the path of a file in it. */
export async function npmPackage(id: string, file: string): Promise<string> {
  await using folder = await temporaryFolder("lock_");
  const lock = join(folder.path, "deno.lock");
  const pinned = JSON.parse(await Deno.readTextFile(integrities)).npm[id];
  const version = id.slice(id.lastIndexOf("@") + 1);
  const content = { version: "5", specifiers: { [`npm:${id}`]: version }, npm: { [id]: pinned } };
  await Deno.writeTextFile(lock, JSON.stringify(content));
  const args = ["run", "--quiet", "--no-config", "--no-prompt", `--lock=${lock}`, "--frozen", script, id];
  return fileURLToPath(new URL(file, (await runDeno({ args, timeout: 300_000 })).trim()));
}
