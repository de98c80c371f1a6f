/**
 * The published package, twice: the files, as for Deno, and the archive for npm's clients. JSR makes JavaScript and
 * declarations for those out of the same files; `deno pack` makes them in the same way.
 *
 * @module
 */

import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { publishDryRun } from "../gate/publish_dry_run.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { chooseSource, root } from "../std/source.ts";

/** Disposing of it removes it. */
export interface PackedPackage extends AsyncDisposable {
  /** The files that would be published, and nothing else. */
  readonly published: string;
  /** `@std/encoding` from npm, for Deno's `links`. */
  readonly encoding: string;
  /** The archive for npm's clients. */
  readonly archive: string;
}

/** Without JSR: a refused connection instead of a wait. */
export const offline = { JSR_URL: "http://127.0.0.1:9/" };

/** Packs the package in a temporary folder. */
export async function packedPackage(): Promise<PackedPackage> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryFolder("packed_"));
  const { success, output, files } = await publishDryRun(await chooseSource());
  if (!success) throw new Error(`The package can't be published: ${output}`);
  const packed = { published: join(path, "package"), encoding: join(path, "encoding"), archive: join(path, "m2m.tgz") };
  await cp(fileURLToPath(new URL("../std/encoding", import.meta.url)), packed.encoding, { recursive: true });
  await copy(files, packed.published);
  await pack(files, path, packed.archive);
  const kept = stack.move();
  return { ...packed, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function copy(files: readonly string[], folder: string): Promise<void> {
  for (const file of files) {
    await Deno.mkdir(dirname(join(folder, file)), { recursive: true });
    await Deno.copyFile(`${root}/${file}`, join(folder, file));
  }
}

/** Packs another copy, whose `deno.json` has a link to `@std/encoding`. */
async function pack(files: readonly string[], path: string, archive: string): Promise<void> {
  const folder = join(path, "to_pack");
  await copy(files, folder);
  const config = JSON.parse(await Deno.readTextFile(join(folder, "deno.json")));
  await Deno.writeTextFile(
    join(folder, "deno.json"),
    JSON.stringify({ ...config, links: ["../encoding"], lock: false }),
  );
  const { success, stderr } = await runToEnd(Deno.execPath(), {
    args: ["pack", "--quiet", "--allow-dirty", "--output", archive],
    cwd: folder,
    env: offline,
    timeout: 120_000,
  });
  if (!success) throw new Error(`Cannot pack: ${stderr}`);
}
