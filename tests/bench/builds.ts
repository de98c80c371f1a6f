/** The clients as modules that every runtime loads: of this build, of the build before, of the peers. @module */

import { join } from "node:path";
import { chooseSource, environment, flags, root } from "../std/source.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { libraries } from "./clients/all.ts";

/** The commit whose build is "0.1.0 before": the last one ahead of the rebuilt core. */
const commitBefore = "5db294da80ec55d74a5c170574dc1cc5c823ba4a";

/** A client, bundled into one module. */
export interface Bundled {
  readonly name: string;
  readonly path: string;
}

/** The clients of one run. Disposing of them removes their files. */
export interface Builds extends AsyncDisposable {
  readonly ours: Bundled;
  readonly before: Bundled | undefined;
  readonly peers: readonly Bundled[];
  /** Folder of the sources before, if the commit is in this clone. */
  readonly folderBefore: string | undefined;
  /** A place for files. */
  readonly folder: string;
}

/** Bundles them. */
export async function makeBuilds(): Promise<Builds> {
  const folder = await Deno.makeTempDir({ prefix: "bench_" });
  const folderBefore = await unpackBefore(join(folder, "before"));
  const [ours, ...peers] = libraries;
  const now = join(folder, "clients");
  await bundle(root, libraries.map(({ program }) => program), now);
  if (folderBefore !== undefined) await bundle(folderBefore, [ours!.program], join(folder, "clients_before"));
  return {
    ours: bundled("ours", now, ours!.program),
    before: folderBefore ? bundled("0.1.0 before", join(folder, "clients_before"), ours!.program) : undefined,
    peers: peers.map(({ name, program }) => bundled(name, now, program)),
    folderBefore,
    folder,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

function bundled(name: string, folder: string, program: string): Bundled {
  return { name, path: join(folder, program.replace(/\.ts$/, ".js")) };
}

/** The sources before, with this benchmark's clients; `undefined` where the clone is too shallow to have them. */
async function unpackBefore(folder: string): Promise<string | undefined> {
  await Deno.mkdir(folder);
  const archive = `${folder}.tar`;
  const git = await runToEnd("git", {
    args: ["archive", `--output=${archive}`, commitBefore, "mod.ts", "src", "deno.json"],
    cwd: root,
  }).catch(() => ({ success: false }));
  if (!git.success) return undefined;
  const tar = await runToEnd("tar", { args: ["-xf", archive, "-C", folder] });
  if (!tar.success) throw new Error(`Cannot unpack the build before: ${tar.stderr}`);
  const clients = join(folder, "tests/bench/clients");
  await Deno.mkdir(clients, { recursive: true });
  for (const name of ["authenticator.ts", "client.ts"]) {
    await Deno.copyFile(`${root}/tests/bench/clients/${name}`, join(clients, name));
  }
  return folder;
}

async function bundle(folder: string, programs: readonly string[], output: string): Promise<void> {
  const source = await chooseSource();
  const { success, stderr } = await runToEnd(Deno.execPath(), {
    args: [
      "bundle",
      ...flags(source, "bundle"),
      "--quiet",
      "--no-lock",
      "--platform=deno",
      `--outdir=${output}`,
      ...programs.map((program) => `${folder}/tests/bench/clients/${program}`),
    ],
    cwd: root,
    env: environment(source),
    timeout: 120_000,
  });
  if (!success) throw new Error(`Cannot bundle the clients: ${stderr}`);
}
