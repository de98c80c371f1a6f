/**
 * `deno publish --dry-run`, with `@std` from the source in use.
 *
 * Publishing takes no import map, so the stand-ins have to be linked; and it refuses unpublished modules in the package's
 * folder, which the stand-ins would be. So a copy of the repository is published, beside a copy of them.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { environment, flags, root, type Source, standInFolders } from "../std/source.ts";

export interface DryRun {
  readonly success: boolean;
  readonly output: string;
  /** The files to publish, as paths within the repository, sorted. */
  readonly files: readonly string[];
}

export async function publishDryRun(source: Source): Promise<DryRun> {
  if (source === "jsr") return await publish(root, source);
  const folder = await Deno.makeTempDir({ prefix: "publish_" });
  try {
    await copy(root, `${folder}/package`);
    await copy(`${root}/tests/std`, `${folder}/std`);
    await link(`${folder}/package/deno.json`);
    return await publish(`${folder}/package`, source);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function publish(folder: string, source: Source): Promise<DryRun> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", ...(source === "jsr" ? flags(source, "publish") : []), "--dry-run", "--allow-dirty"],
    cwd: folder,
    env: { ...environment(source), NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const output = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
  const top = `${pathToFileURL(await Deno.realPath(folder)).href}/`;
  const files = Array.from(output.matchAll(/^ +(file:\S+) \([\d.]+ ?[KM]?B\)$/gm), ([, url]) => url!);
  return { success, output, files: files.map((url) => decodeURI(url.replace(top, ""))).sort() };
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    if (name === ".git" || name === "node_modules") continue;
    if (isDirectory) await copy(`${from}/${name}`, `${to}/${name}`);
    if (isFile) await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

async function link(path: string): Promise<void> {
  const config = JSON.parse(await Deno.readTextFile(path));
  const linked = { ...config, links: standInFolders.map((folder) => `../std/${folder}`), lock: false };
  await Deno.writeTextFile(path, JSON.stringify(linked));
}
