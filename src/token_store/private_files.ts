/**
 * The file operations of a private folder: those of `node:fs`, or Deno's own in their form. On Deno loading `node:fs`
 * takes longer than all else that a command line with a stored token does.
 *
 * @module
 */

/** What is known of a file. */
export type FileStats = Pick<
  import("node:fs").Stats,
  "isDirectory" | "isFile" | "isSymbolicLink" | "mode" | "mtimeMs" | "uid"
>;

/** The operations, as `node:fs` has them. */
export interface PrivateFiles {
  /** Whether this is Windows, which has neither modes nor owners. */
  readonly isWindows: boolean;
  lstatSync(path: string): FileStats;
  lstat(path: string): Promise<FileStats>;
  readdir(path: string): Promise<string[]>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  writeFile(path: string, text: string, options: { flag: "wx"; mode: number }): Promise<void>;
  utimes(path: string, accessed: number, changed: number): Promise<void>;
  link(path: string, target: string): Promise<void>;
  rm(path: string, options: { force: true }): Promise<void>;
  mkdir(path: string, options: { recursive: true; mode: number }): Promise<unknown>;
}

/** Bun and Node have this, and bundlers for the web don't resolve it. */
declare const process: {
  readonly platform: string;
  getBuiltinModule(name: "node:fs"): typeof import("node:fs");
};

/** Programs for the web are checked without Deno's types. */
declare const Deno: {
  readonly build: { readonly os: string };
  lstatSync(path: string): DenoStats;
  lstat(path: string): Promise<DenoStats>;
  readDir(path: string): AsyncIterable<{ readonly name: string }>;
  readTextFile(path: string): Promise<string>;
  writeTextFile(path: string, text: string, options: { createNew: boolean; mode: number }): Promise<void>;
  utime(path: string, accessed: number, changed: number): Promise<void>;
  link(path: string, target: string): Promise<void>;
  remove(path: string): Promise<void>;
  mkdir(path: string, options: { recursive: boolean; mode: number }): Promise<void>;
};

interface DenoStats {
  readonly isDirectory: boolean;
  readonly isFile: boolean;
  readonly isSymlink: boolean;
  readonly mode: number | null;
  readonly uid: number | null;
  readonly mtime: Date | null;
}

/** The operations of this runtime; `undefined` where it has no files. */
export function openFiles(): PrivateFiles | undefined {
  if (typeof Deno !== "undefined") return openDenoFiles();
  if (globalThis.process?.getBuiltinModule === undefined) return undefined;
  const { lstatSync, promises } = process.getBuiltinModule("node:fs");
  return Object.assign(Object.create(promises), { lstatSync, isWindows: process.platform === "win32" });
}

/** Deno's errors have the codes of Node's, too. */
function openDenoFiles(): PrivateFiles {
  return {
    isWindows: Deno.build.os === "windows",
    lstatSync: (path) => convertStats(Deno.lstatSync(path)),
    lstat: async (path) => convertStats(await Deno.lstat(path)),
    readdir: async (path) => (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name),
    readFile: (path) => Deno.readTextFile(path),
    writeFile: (path, text, { mode }) => Deno.writeTextFile(path, text, { createNew: true, mode }),
    utimes: (path, accessed, changed) => Deno.utime(path, accessed, changed),
    link: (path, target) => Deno.link(path, target),
    async rm(path) {
      await Deno.remove(path).catch((error) => {
        if (error.code !== "ENOENT") throw error;
      });
    },
    mkdir: (path, options) => Deno.mkdir(path, options),
  };
}

function convertStats({ isDirectory, isFile, isSymlink, mode, uid, mtime }: DenoStats): FileStats {
  return {
    isDirectory: () => isDirectory,
    isFile: () => isFile,
    isSymbolicLink: () => isSymlink,
    mode: mode ?? 0,
    uid: uid ?? 0,
    mtimeMs: mtime?.getTime() ?? 0,
  };
}
