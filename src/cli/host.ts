/**
 * The few operations of the runtime that every command needs: what they take is what a cached token takes.
 *
 * On Deno the first look at `process` or a `node:` module loads Node's environment, some 30 ms; on Bun `node:tty` does
 * the like. So these come from the runtime itself; the rest comes from `node:` modules, when it is first used.
 *
 * @module
 */

/** Deno, Bun and Node have this. */
declare const process: typeof import("node:process");

const isDeno = typeof Deno !== "undefined";

/** Standard input, output or error, by their numbers. */
export type StreamNumber = 0 | 1 | 2;

/** Whether a standard stream is a terminal. */
export function isTerminal(stream: StreamNumber): boolean {
  if (isDeno) return [Deno.stdin, Deno.stdout, Deno.stderr][stream]!.isTerminal();
  try {
    if (!process.getBuiltinModule("node:fs").fstatSync(stream).isCharacterDevice()) return false;
  } catch {
    // It is closed, or this isn't Unix.
  }
  return process.getBuiltinModule("node:tty").isatty(stream);
}

/** Reads a variable of the environment; one that may not be read is unset. */
export function readEnvironment(name: string): string | undefined {
  if (!isDeno) return process.env[name];
  try {
    return Deno.env.get(name);
  } catch {
    return undefined;
  }
}

/**
 * Writes all of it to standard output. Where the reader has closed the pipe, the process ends with exit code 0 and without
 * a word.
 */
export async function writeOutput(data: string | Uint8Array): Promise<void> {
  try {
    await writeAll(typeof data === "string" ? new TextEncoder().encode(data) : data);
  } catch (error) {
    if (isClosedPipe(error)) exit(0);
    const { UsageError } = await import("./usage_error.ts");
    throw new UsageError(`Standard output can't be written (${Object(error).code ?? "for an unknown reason"}).`);
  }
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  if (isDeno) {
    while (rest.length > 0) rest = rest.subarray(await Deno.stdout.write(rest));
    return;
  }
  const { writeSync } = process.getBuiltinModule("node:fs");
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
  } catch (error) {
    // The pipe is full, and was made non-blocking by another process that has it.
    if (Object(error).code !== "EAGAIN") throw error;
    const { stdout } = process;
    await new Promise<void>((resolve, reject) => {
      stdout.once("error", reject);
      stdout.write(rest, () => {
        stdout.off("error", reject);
        resolve();
      });
    });
  }
}

/** Writes to standard error, at once. A stream that takes nothing more is no failure: there is no reader. */
export function writeError(text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    if (isDeno) Deno.stderr.writeSync(bytes);
    else process.getBuiltinModule("node:fs").writeSync(2, bytes);
  } catch {
    // As above.
  }
}

function isClosedPipe(error: unknown): boolean {
  const { code, name } = Object(error);
  // EOF: Windows.
  return name === "BrokenPipe" || ["EPIPE", "EOF", "ERR_STREAM_DESTROYED"].includes(code);
}

/** Ends the process at once. */
export function exit(code: number): never {
  return isDeno ? Deno.exit(code) : process.exit(code);
}

/** The operating system, as Node names it (`win32`, `darwin`, `linux`), or Deno (`windows`). */
export function getPlatform(): string {
  return isDeno ? Deno.build.os : process.platform;
}

/** Whether Node or Bun was started with this file, or with a link to it: some package managers make those. */
export function isStartedAs(path: string | undefined): boolean {
  try {
    return process.getBuiltinModule("node:fs").realpathSync(process.argv[1]!) === path;
  } catch {
    // There is no such file: text, or a name without its extension.
    return false;
  }
}

/** The arguments of the program. */
export function readArguments(): readonly string[] {
  return isDeno ? Deno.args : process.argv.slice(2);
}

/** All variables of the environment. Throws where Deno may not read them. */
export function listEnvironment(): (readonly [name: string, value: string])[] {
  if (!isDeno) return Object.entries(process.env as Record<string, string>);
  // Deno would ask on a terminal.
  if (Deno.permissions.querySync({ name: "env" }).state !== "granted") throw new Deno.errors.NotCapable();
  return Object.entries(Deno.env.toObject());
}

/** Where profiles are. */
export function locateProfiles(): string {
  const windows = readEnvironment("APPDATA");
  const home = windows
    ? `${windows}\\`
    : readEnvironment("XDG_CONFIG_HOME") || `${readEnvironment("HOME") ?? "."}/.config`;
  return `${home}/m2m/profiles.json`;
}

/** The folder for this user's cached files of `m2m`; `undefined` where there is no home folder. */
export function locateCache(): string | undefined {
  const platform = getPlatform();
  const given = readEnvironment("XDG_CACHE_HOME");
  const [folder, name] = given?.startsWith("/") // The specification ignores relative ones.
    ? [given, "m2m"]
    : platform.startsWith("win")
    ? [readEnvironment("LOCALAPPDATA"), "m2m"]
    : [readEnvironment("HOME"), platform === "darwin" ? "Library/Caches/m2m" : ".cache/m2m"];
  return folder && `${folder.replace(/[/\\]+$/, "")}/${name}`;
}

/** Whether a folder is this user's, and no other user may enter it; on Windows, whether it is one. */
export function isPrivateFolder(path: string): boolean {
  if (!isDeno) {
    const status = process.getBuiltinModule("node:fs").lstatSync(path, { throwIfNoEntry: false });
    if (!process.geteuid) return status?.isDirectory() === true;
    return status?.isDirectory() === true && (status.mode & 0o077) === 0 && status.uid === process.geteuid();
  }
  // Deno would ask on a terminal.
  if (Deno.permissions.querySync({ name: "sys", kind: "uid" }).state !== "granted") return false;
  const { isDirectory, mode, uid } = Deno.lstatSync(path);
  return isDirectory && (mode === null || (mode & 0o077) === 0 && uid === Deno.uid());
}

/** A small file's bytes. Throws where it can't be read. */
export function readBytes(path: string): Uint8Array<ArrayBuffer> {
  return isDeno ? Deno.readFileSync(path) : new Uint8Array(process.getBuiltinModule("node:fs").readFileSync(path));
}

/** A small file's text; nothing where there is none. Throws where it can't be read. */
export function readFile(path: string): string | undefined {
  try {
    return isDeno ? Deno.readTextFileSync(path) : process.getBuiltinModule("node:fs").readFileSync(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(Object(error).code)) return undefined;
    throw error;
  }
}
