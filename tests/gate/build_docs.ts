/**
 * The documentation as HTML pages.
 *
 * @module
 */

import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { denoOutput, exportedModules } from "../structure/deno_output.ts";

/** How the pages call the package. */
const { name }: { name: string } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));

/** Types that undici leaves to its users. */
const ofOthers =
  /^Warning Failed resolving types\. Could not find package 'node' from referrer '\S*\/undici\/.*\n +at .*\n/gm;

/** Builds the pages in a temporary folder; returns errors and warnings, or nothing. */
export async function buildDocs(): Promise<string> {
  await using folder = await temporaryFolder("docs_");
  const options = ["--html", `--name=${name}`, `--output=${folder.path}`];
  const { success, stderr } = await denoOutput("doc", ...options, ...Object.values(exportedModules));
  if (!success) return stderr;
  const index = await Deno.readTextFile(`${folder.path}/index.html`);
  const untitled = index.includes(`<title>${name} documentation`) ? "" : `The first page isn't named ${name}.`;
  return (stderr.replace(ofOthers, "").replace(/^Written \d+ files to .*\n/m, "") + untitled).trim();
}
