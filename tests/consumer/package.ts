/**
 * The published package, twice: the files, as for Deno, and the archive for npm's clients. JSR makes JavaScript and
 * declarations for those out of the same files; `deno pack` makes them in the same way. And new projects that use it.
 *
 * @module
 */

import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { publishDryRun } from "../gate/publish_dry_run.ts";
import { runDeno, runToEnd } from "../runtimes/run_to_end.ts";
import { type TemporaryFolder, temporaryFolder } from "../runtimes/temporary_folder.ts";
import { chooseSource, root } from "../std/source.ts";
import { installEncoding, installPackage } from "../transport/project.ts";

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
  const linked = JSON.stringify({ ...config, links: ["../encoding"], lock: false, nodeModulesDir: "none" });
  await Deno.writeTextFile(join(toPack, "deno.json"), linked);
  const args = ["pack", "--quiet", "--allow-dirty", "--output", join(packed.path, "m2m.tgz")];
  await runDeno({ args, cwd: toPack, env: offline, timeout: 120_000 });
  stack.move();
  return packed;
}

/** Lays out a project as `deno add jsr:@m2m/authenticator` does, with links instead of JSR. */
export async function denoProject({ path }: PackedPackage, texts: Readonly<Record<string, string>>) {
  const published = join(path, "published");
  const project = {
    imports: { "@m2m/authenticator": `jsr:@m2m/authenticator@^${config.version}` },
    links: [published, join(path, "encoding")],
    lock: false,
    // Linked modules are checked like the project's own: without rules of style.
    compilerOptions: { ...config.compilerOptions, noUnusedLocals: true },
  };
  return await writeProject({ "deno.json": JSON.stringify(project), ...texts });
}

/** Lays out a project with the package and its dependencies in `node_modules`, as npm's clients do. */
export async function npmProject({ path }: PackedPackage, texts: Readonly<Record<string, string>>) {
  await using stack = new AsyncDisposableStack();
  const manifest = JSON.stringify({ private: true, type: "module" });
  const project = stack.use(await writeProject({ "package.json": manifest, ...texts }));
  await installPacked({ path }, join(project.path, "node_modules"));
  stack.move();
  return project;
}

/** Puts the package and its dependencies into a folder `node_modules`. */
export async function installPacked({ path }: Pick<PackedPackage, "path">, modules: string): Promise<void> {
  const ours = join(modules, "@m2m", "authenticator");
  await Deno.mkdir(ours, { recursive: true });
  const args = ["-xzf", join(path, "m2m.tgz"), "-C", ours, "--strip-components=1"];
  const { success, stderr } = await runToEnd("tar", { args });
  if (!success) throw new Error(`Cannot unpack the package: ${stderr}`);
  await installEncoding(modules);
  for (const name of ["jose", "undici", "js-yaml"]) await installPackage(`${name}/package.json`, join(modules, name));
  // They export no file of their top folders.
  await installPackage("aws4fetch", join(modules, "aws4fetch"), "..");
  await installPackage("@opentelemetry/api", join(modules, "@opentelemetry", "api"), "../..");
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
