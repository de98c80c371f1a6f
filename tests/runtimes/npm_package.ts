/**
 * The folder of an npm package that carries a runtime's executable, fetched by whoever asks for it.
 *
 * Importing the package's manifest makes Deno download and unpack it as it does any other: into its own cache,
 * without install scripts, checked against a lock file. That happens in a process with a lock file of its own:
 * Deno downloads all that a lock file names as soon as it needs anything of it, and the runtimes of all tests are
 * too much of a price for a first look at this repository.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runToEnd } from "./run_to_end.ts";
import { temporaryFolder } from "./temporary_folder.ts";

/** A package in one version, and what its archive must hash to. */
export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  /** As the registry publishes it. */
  readonly integrity: string;
}

const script = fileURLToPath(new URL("print_package_folder.ts", import.meta.url));

/** Fetches a package that depends on no other; resolves to its folder, as a file URL that ends in a slash. */
export async function npmPackage({ name, version, integrity }: PinnedPackage): Promise<URL> {
  await using folder = await temporaryFolder("lock_");
  const lock = join(folder.path, "deno.lock");
  const pinned = {
    version: "5",
    specifiers: { [`npm:${name}@${version}`]: version },
    npm: { [`${name}@${version}`]: { integrity } },
  };
  await Deno.writeTextFile(lock, JSON.stringify(pinned));
  const { success, stdout, stderr } = await runToEnd(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-config",
      "--no-prompt",
      `--lock=${lock}`,
      "--frozen",
      script,
      name,
      version,
    ],
    timeout: 300_000,
  });
  if (!success) throw new Error(stderr.replace(/^error: /, ""));
  return new URL(stdout.trim());
}
