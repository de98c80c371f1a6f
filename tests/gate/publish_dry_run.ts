/**
 * `deno publish --dry-run`, with `@std` from the source in use.
 *
 * Publishing looks for packages where the configuration says, whatever its flags are; it takes no import map, so the
 * stand-ins have to be linked; and it refuses unpublished modules in the package's folder, which the stand-ins would be.
 * So a copy of the repository is published, with a configuration of its own, beside a copy of them.
 *
 * @module
 */

import { cp } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { environment, root, type Source, standInFolders } from "../std/source.ts";

/** Resolves to its success and output, and the files to publish, as paths within the repository, sorted. */
export async function publishDryRun(source: Source): ReturnType<typeof publish> {
  await using folder = await temporaryFolder("publish_");
  const copy = `${folder.path}/package`;
  await cp(root, copy, { recursive: true, filter: (path) => !/[\\/](\.git|node_modules)$/.test(path) });
  await cp(`${root}/tests/std`, `${folder.path}/std`, { recursive: true });
  const config = JSON.parse(await Deno.readTextFile(`${copy}/deno.json`));
  const standIns = { links: standInFolders.map((folder) => `../std/${folder}`), lock: false };
  const own = { ...config, nodeModulesDir: "none", ...source === "npm" && standIns };
  await Deno.writeTextFile(`${copy}/deno.json`, JSON.stringify(own));
  return await publish(copy, source);
}

async function publish(folder: string, source: Source) {
  const { success, stdout, stderr } = await runToEnd(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty"],
    cwd: folder,
    env: environment(source),
    timeout: 300_000,
  });
  const top = `${pathToFileURL(await Deno.realPath(folder)).href}/`;
  const files = Array.from((stderr + stdout).matchAll(/^ +(file:\S+) \([\d.]+ ?[KM]?B\)$/gm), ([, url]) => url!);
  return { success, output: stderr + stdout, files: files.map((url) => decodeURI(url.replace(top, ""))).sort() };
}
