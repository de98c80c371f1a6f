/**
 * The published package, twice: the files, as for Deno, and the archive for npm's clients. JSR makes JavaScript and
 * declarations for those out of the same files; `deno pack` makes them in the same way. And new projects that use it.
 *
 * @module
 */

import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { publishDryRun } from "../gate/publish_dry_run.ts";
import { runDeno, runToEnd } from "../runtimes/run_to_end.ts";
import { type TemporaryFolder, temporaryFolder } from "../runtimes/temporary_folder.ts";
import { chooseSource, root } from "../std/source.ts";

/** A folder with `published`, the files alone; `encoding`, which is `@std/encoding` from npm; and `m2m.tgz`. */
export type PackedPackage = TemporaryFolder;

/** Without JSR: a refused connection instead of a wait. */
export const offline = { JSR_URL: "http://127.0.0.1:9/" };

/** Packs the package. */
export async function packPackage(): Promise<PackedPackage> {
  await using stack = new AsyncDisposableStack();
  const packed = stack.use(await temporaryFolder("packed_"));
  const [published, toPack] = [join(packed.path, "published"), join(packed.path, "to_pack")];
  const { success, output, files } = await publishDryRun(await chooseSource());
  if (!success) throw new Error(`The package can't be published: ${output}`);
  for (const file of files) {
    await Deno.mkdir(dirname(join(published, file)), { recursive: true });
    await Deno.copyFile(join(root, file), join(published, file));
  }
  await cp(join(root, "tests/std/encoding"), join(packed.path, "encoding"), { recursive: true });
  await cp(published, toPack, { recursive: true });
  const config = JSON.parse(await Deno.readTextFile(join(published, "deno.json")));
  await Deno.writeTextFile(
    join(toPack, "deno.json"),
    JSON.stringify({ ...config, links: ["../encoding"], lock: false }),
  );
  const args = ["pack", "--quiet", "--allow-dirty", "--output", join(packed.path, "m2m.tgz")];
  await runDeno({ args, cwd: toPack, env: offline, timeout: 120_000 });
  stack.move();
  return packed;
}

/** Lays out a project as `deno add jsr:@m2m/authenticator` does, with links instead of JSR. */
export async function denoProject({ path }: PackedPackage, texts: Readonly<Record<string, string>>) {
  const published = join(path, "published");
  const { version } = JSON.parse(await Deno.readTextFile(join(published, "deno.json")));
  const config = {
    imports: { "@m2m/authenticator": `jsr:@m2m/authenticator@^${version}` },
    links: [published, join(path, "encoding")],
    lock: false,
    // Linked modules are checked like the project's own: without rules of style.
    compilerOptions: {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noImplicitOverride: true,
      noUnusedLocals: true,
    },
  };
  return await writeProject({ "deno.json": JSON.stringify(config), ...texts });
}

/** Lays out a project with the package and its dependencies in `node_modules`, as npm's clients do. */
export async function npmProject({ path }: PackedPackage, texts: Readonly<Record<string, string>>) {
  await using stack = new AsyncDisposableStack();
  const manifest = JSON.stringify({ private: true, type: "module" });
  const project = stack.use(await writeProject({ "package.json": manifest, ...texts }));
  const modules = join(project.path, "node_modules");
  const ours = join(modules, "@m2m", "authenticator");
  await Deno.mkdir(ours, { recursive: true });
  const { success, stderr } = await runToEnd("tar", {
    args: ["-xzf", join(path, "m2m.tgz"), "-C", ours, "--strip-components=1"],
  });
  if (!success) throw new Error(`Cannot unpack the package: ${stderr}`);
  const encoding = join(modules, "@std", "encoding");
  await installPackage("npm:deno-std@1.4.0/encoding/base64.js", encoding);
  const exports = { name: "@std/encoding", type: "module", exports: { "./*": "./*.js" } };
  await Deno.writeTextFile(join(encoding, "package.json"), JSON.stringify(exports));
  for (const name of ["jose", "undici", "js-yaml"]) await installPackage(`${name}/package.json`, join(modules, name));
  stack.move();
  return project;
}

/** Writes the consumer's files: `program.ts`, `probe.ts` and others, given by name and text. */
async function writeProject(texts: Readonly<Record<string, string>>): Promise<TemporaryFolder> {
  const project = await temporaryFolder("project_");
  for (const file of ["program.ts", "probe.ts"]) {
    await Deno.copyFile(new URL(file, import.meta.url), join(project.path, file));
  }
  for (const [name, text] of Object.entries(texts)) await Deno.writeTextFile(join(project.path, name), text);
  return project;
}

/** Copies the folder of a package's file, which has no place on disk before it is imported. */
async function installPackage(specifier: string, folder: string): Promise<void> {
  await import(specifier, specifier.endsWith(".json") ? { with: { type: "json" } } : undefined);
  await cp(fileURLToPath(new URL(".", import.meta.resolve(specifier))), folder, { recursive: true });
}
