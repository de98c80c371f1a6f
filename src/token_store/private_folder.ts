/**
 * A folder of small private files, which several processes of one machine change.
 *
 * Each change is a file of its own, with the next number behind its name, and what was before it is removed. It appears
 * whole, by a hard link, which fails where that number is taken: of changes to one state one is made. No lock is held, so
 * none is left by a process that ended, and one that was paused can't write over what came after.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { type FileStats, openFiles, type PrivateFiles } from "./private_files.ts";

/** Deno, Bun and Node have this, and bundlers for the web don't resolve it. */
declare const process: {
  getBuiltinModule(name: "node:url"): typeof import("node:url");
};

/** One state of a file. */
export interface FileVersion {
  /** Counts the changes. 0: there is no file. */
  readonly number: number;
  /** Those who wrote it and the states before it, the last one first. */
  readonly writers: readonly string[];
  /** What was written; `undefined` where it can't be read, as after a power cut. */
  readonly state: unknown;
}

/** So that nothing else in the folder is touched. */
const mark = "m2m-";
/** A state, or one that is being written. */
const pattern = /^m2m-[0-9a-f]+\.[0-9a-f-]+$/;
/** How many writers are known. More changes than this come between no two steps of one process. */
const mostWriters = 16;

/** A folder. */
export class PrivateFolder {
  readonly #fs: PrivateFiles;
  readonly #path: string;
  #owner: Promise<number> | undefined;

  /** Throws if others can use the folder. What can't be known yet is checked by each operation. */
  constructor(folder: string | URL) {
    const files = openFiles();
    if (files === undefined) {
      throw new AuthenticationError("invalid_config", "Cannot keep tokens in a folder: this runtime has no files.");
    }
    const path = typeof folder === "string" ? folder : process.getBuiltinModule("node:url").fileURLToPath(folder);
    this.#fs = files;
    // A slash behind it would follow a symbolic link.
    this.#path = path.replace(/(?<=.)\/+$/, "");
    let stats: FileStats;
    try {
      stats = files.lstatSync(this.#path);
    } catch (error) {
      // It is missing, or can't be reached now.
      if (Object(error).name !== "NotCapable") return;
      throw new AuthenticationError(
        "permission_denied",
        "Cannot keep tokens in a folder: not permitted. Run with --allow-read and --allow-write for it.",
      );
    }
    this.#check(stats, "folder");
  }

  /** Reads the newest state of a file. */
  async read(key: string, signal: AbortSignal): Promise<FileVersion> {
    const name = makeName(key);
    while (true) {
      signal.throwIfAborted();
      const number = findNewest(await this.#list(), name);
      if (number === 0) return { number, writers: [], state: undefined };
      const text = await this.#readFile(`${name}.${number}`);
      // Replaced meanwhile: there is a newer one.
      if (text !== undefined) return { number, ...parseVersion(text) };
    }
  }

  /**
   * Replaces this state by another one, unless another process has been faster. `end`: when the file is of no more use,
   * by the wall clock.
   */
  async replace(
    key: string,
    { number, writers }: FileVersion,
    { state, end, signal }: { readonly state: unknown; readonly end: number; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const name = makeName(key);
    const writer = crypto.randomUUID();
    const [temporary, target] = [writer, number + 1].map((each) => this.#join(`${name}.${each}`)) as [string, string];
    if (number === 0) await this.#make();
    try {
      const text = JSON.stringify({ writers: [writer, ...writers].slice(0, mostWriters), state });
      await this.#fs.writeFile(temporary, text, { flag: "wx", mode: 0o600 });
      await this.#fs.utimes(temporary, end / 1_000, end / 1_000);
      await this.#fs.link(temporary, target);
    } catch (error) {
      if (Object(error).code === "EEXIST") return false;
      throw error;
    } finally {
      await this.#fs.rm(temporary, { force: true });
    }
    // Unless it was paused for so long that the number was free again.
    const isMade = (await this.read(key, signal)).writers.includes(writer);
    if (number > 0 || !isMade) await this.#remove(`${name}.${isMade ? number : number + 1}`);
    return isMade;
  }

  /** Removes files of no more use since then, and what processes left that ended while they wrote. */
  async sweep(since: number): Promise<void> {
    const files = (await this.#list()).filter((file) => pattern.test(file));
    for (const file of files) {
      const stats = await this.#fs.lstat(this.#join(file)).catch(() => undefined);
      if (!stats || stats.mtimeMs >= since) continue;
      const { name, number } = parseFileName(file);
      const replaced = files.map(parseFileName).filter((each) => each.name === name && each.number < number);
      // What it has replaced is there after a crash alone, and must not come back: this goes another time.
      for (const each of replaced) await this.#remove(`${name}.${each.number}`);
      if (replaced.length === 0) await this.#remove(file);
    }
  }

  /** The names in the folder; none where it is missing. */
  async #list(): Promise<string[]> {
    const stats = await orMissing(this.#fs.lstat(this.#path));
    if (!stats) return [];
    this.#check(stats, "folder");
    this.#check(stats, "folder", await this.#findOwner());
    return await this.#fs.readdir(this.#path);
  }

  async #make(): Promise<void> {
    await this.#fs.mkdir(this.#path, { recursive: true, mode: 0o700 });
    // Another user may have been faster.
    await this.#list();
  }

  async #readFile(name: string): Promise<string | undefined> {
    const stats = await orMissing(this.#fs.lstat(this.#join(name)));
    if (!stats) return undefined;
    this.#check(stats, "file", await this.#owner);
    return await orMissing(this.#fs.readFile(this.#join(name), "utf8"));
  }

  async #remove(name: string): Promise<void> {
    // Windows keeps what another process reads at this moment: the next change removes it.
    await this.#fs.rm(this.#join(name), { force: true }).catch(() => {});
  }

  /** The user that this process writes as. Deno tells it by a file without a permission of its own. */
  #findOwner(): Promise<number> {
    return this.#owner ??= this.#writeAndLook().catch((error) => {
      this.#owner = undefined;
      throw error;
    });
  }

  async #writeAndLook(): Promise<number> {
    const path = this.#join(`${mark}0.${crypto.randomUUID()}`);
    try {
      await this.#fs.writeFile(path, "", { flag: "wx", mode: 0o600 });
      return (await this.#fs.lstat(path)).uid;
    } finally {
      await this.#fs.rm(path, { force: true });
    }
  }

  #join(name: string): string {
    return `${this.#path}/${name}`;
  }

  #check(stats: FileStats, kind: "folder" | "file", owner: number | undefined = stats.uid): void {
    const isKind = kind === "folder" ? stats.isDirectory() : stats.isFile();
    const fault = stats.isSymbolicLink()
      ? "it is a symbolic link. Name its target"
      : !isKind
      ? `it is no ${kind}. Choose another folder`
      : this.#fs.isWindows
      ? undefined
      : stats.uid !== owner
      ? "it belongs to another user. Choose another folder"
      : (stats.mode & 0o077) !== 0
      ? `other users can read or write it. Remove it, or run: chmod ${kind === "folder" ? "700" : "600"}`
      : undefined;
    if (fault === undefined) return;
    const what = kind === "folder" ? `the folder ${this.#path}` : `a file in ${this.#path}`;
    throw new AuthenticationError("invalid_config", `Cannot keep tokens in ${what}: ${fault}.`);
  }
}

async function orMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (Object(error).code === "ENOENT") return undefined;
    throw error;
  }
}

/** In hexadecimal: some file systems don't tell letter case apart. */
function makeName(key: string): string {
  return mark + Array.from(new TextEncoder().encode(key), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `NaN`: a state that is being written. */
function parseFileName(file: string): { readonly name: string; readonly number: number } {
  const [name = "", number = ""] = file.split(".");
  return { name, number: /^\d{1,15}$/.test(number) ? Number(number) : NaN };
}

/** The highest number behind a name, or 0. */
function findNewest(files: readonly string[], name: string): number {
  const numbers = files.map(parseFileName).filter((file) => file.name === name).map(({ number }) => number || 0);
  return Math.max(0, ...numbers);
}

function parseVersion(text: string): Omit<FileVersion, "number"> {
  try {
    const { writers, state } = JSON.parse(text);
    if (Array.isArray(writers)) return { writers, state };
  } catch {
    // Below.
  }
  return { writers: [], state: undefined };
}
