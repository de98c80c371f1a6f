/** The clients as modules that every runtime loads: of this build, of the build before, of the peers. @module */

import { join } from "node:path";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { root } from "../std/source.ts";
import { denoBundle } from "../structure/deno_output.ts";
import { libraries } from "./libraries.ts";

/** The commit whose build is "0.1.0 before": the last one ahead of the rebuilt core. */
const commitBefore = "5db294da80ec55d74a5c170574dc1cc5c823ba4a";

/** The names of this build and the one before among the clients. */
export const [ours, before] = ["ours", "0.1.0 before"] as const;

/** The peers that cache or replay, by themselves or with a few lines, and run without a network. */
const compared: readonly string[] = ["@badgateway/oauth2-client", "openid-client"];

/** The clients of one run. Disposing of them removes their files. */
export interface Builds extends AsyncDisposable {
  /** The bundled module of each client by its name, this build's first. */
  readonly clients: ReadonlyMap<string, string>;
  /** Folder of the sources before, if the commit is in this clone. */
  readonly folderBefore: string | undefined;
}

/** Bundles them. */
export async function makeBuilds(): Promise<Builds> {
  const folder = await Deno.makeTempDir({ prefix: "bench_" });
  const folderBefore = await unpackBefore(join(folder, "before"));
  const clients = new Map<string, string>();
  const now = join(folder, "now");
  clients.set(ours, await bundle(root, "authenticator", now));
  if (folderBefore) clients.set(before, await bundle(folderBefore, "authenticator", join(folder, "bundled_before")));
  for (const { name, file } of libraries.filter(({ name }) => compared.includes(name))) {
    clients.set(name, await bundle(root, file, now));
  }
  return { clients, folderBefore, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

/** The sources before, with this benchmark's clients; `undefined` where the clone is too shallow to have them. */
async function unpackBefore(folder: string): Promise<string | undefined> {
  const clients = join(folder, "tests/bench/clients");
  await Deno.mkdir(clients, { recursive: true });
  const archive = `${folder}.tar`;
  const args = ["archive", `--output=${archive}`, commitBefore, "mod.ts", "src", "deno.json"];
  const git = await runToEnd("git", { args, cwd: root }).catch(() => ({ success: false }));
  if (!git.success) return undefined;
  const tar = await runToEnd("tar", { args: ["-xf", archive, "-C", folder] });
  if (!tar.success) throw new Error(`Cannot unpack the build before: ${tar.stderr}`);
  for (const name of ["authenticator.ts", "client.ts"]) {
    await Deno.copyFile(`${root}/tests/bench/clients/${name}`, join(clients, name));
  }
  return folder;
}

/** Bundles the client of a file into one module. */
async function bundle(top: string, file: string, folder: string): Promise<string> {
  const path = join(folder, `${file}.js`);
  await denoBundle(`${top}/tests/bench/clients/${file}.ts`, "--no-lock", "--platform=deno", `--output=${path}`);
  return path;
}
