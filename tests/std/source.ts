/**
 * The source of `@std` on this machine, and the flags for Deno subcommands.
 *
 * `deno.json` names `@std/*` on JSR, as the published package does. On a machine that reaches npm but not JSR, an import map
 * replaces them by the folders beside this file, which use npm packages or have code of their own. The map is a data URL, so
 * that nothing is written, `deno.lock` included.
 *
 * @module
 */

export type Source = "jsr" | "npm";

/** The top folder of the repository. */
export const root: string = `${import.meta.dirname}/../..`;

/** The subcommands that load modules, and take an import map. */
const takeImportMap = /^(bench|bundle|cache|check|compile|doc|info|run|serve|test)$/;

/** How long JSR may take to answer, in milliseconds. Cached packages take no time. */
const jsrTimeout = 20_000;

const config: { name: string; imports: Record<string, string>; exports: Record<string, string> } = JSON.parse(
  Deno.readTextFileSync(`${root}/deno.json`),
);
const targets = config.imports;

/** The folders beside this file, each of which stands in for a package. */
export const standInFolders: readonly string[] = Array.from(Deno.readDirSync(new URL(".", import.meta.url)))
  .filter((entry) => entry.isDirectory)
  .map((entry) => entry.name)
  .sort();

const standIns: readonly { name: string; exports: Record<string, string> }[] = standInFolders.map((folder) =>
  JSON.parse(Deno.readTextFileSync(new URL(`${folder}/deno.json`, import.meta.url)))
);

/**
 * Chooses the source: `STD_SOURCE`, else JSR if it answers. One line on stderr names it. Commands with
 * {@linkcode environment} use the same. `names`: the packages that are needed (default: all).
 */
export async function chooseSource(names?: readonly string[]): Promise<Source> {
  const given = Deno.env.get("STD_SOURCE");
  if (given === "jsr" || given === "npm") return given;
  const source = await isJsrReachable(names) ? "jsr" : "npm";
  const fromNpm = "npm, by way of tests/std (JSR did not answer; STD_SOURCE=jsr insists on it)";
  console.error(`@std: from ${source === "jsr" ? "JSR" : fromNpm}`);
  return source;
}

/** `deno.json` says that packages are in a folder, so that `deno task` alone fetches none: these come from Deno's cache. */
const fromCache = "--node-modules-dir=none";

/** The flags before a subcommand's own arguments. */
export function flags(source: Source, subcommand: string): string[] {
  // With a configuration it looks for packages where that says.
  if (subcommand === "doc") return ["--no-config", "--import-map", buildImportMap(source)];
  const map = source === "npm" && takeImportMap.test(subcommand) ? ["--import-map", buildImportMap(source)] : [];
  const packages = takeImportMap.test(subcommand) ? [fromCache] : [];
  return ["--config", `${root}/deno.json`, ...map, ...packages];
}

/**
 * The flags of a program with a lock file of its own. With the repository's configuration Deno would fetch what all tests
 * and benchmarks need, before it runs the first line.
 */
export function ownFlags(source: Source, lock: string): string[] {
  return ["--no-config", "--lock", lock, "--import-map", buildImportMap(source)];
}

/** The environment of a command with {@linkcode flags}. */
export function environment(source: Source): Record<string, string> {
  // Linting looks public types up in JSR, and takes no import map: at a closed port it fails at once.
  return source === "npm" ? { STD_SOURCE: source, JSR_URL: "http://127.0.0.1:9/" } : { STD_SOURCE: source };
}

function buildImportMap(source: Source): string {
  const imports: Record<string, string> = {};
  for (const [subpath, file] of Object.entries(config.exports)) {
    imports[config.name + subpath.slice(1)] = new URL(`../../${file}`, import.meta.url).href;
  }
  for (const [name, target] of Object.entries(targets)) {
    imports[name] = target;
    // In an import map a package's subpaths take a line of their own.
    if (/^(npm|jsr):/.test(target)) imports[`${name}/`] = `${target.replace(/^(npm|jsr):\/?/, "$1:/")}/`;
  }
  if (source === "npm") {
    standIns.forEach(({ name, exports }, index) => {
      delete imports[name];
      delete imports[`${name}/`];
      for (const [subpath, file] of Object.entries(exports)) {
        imports[name + subpath.slice(1)] = new URL(`${standInFolders[index]}/${file}`, import.meta.url).href;
      }
    });
  }
  return `data:application/json,${encodeURIComponent(JSON.stringify({ imports }))}`;
}

async function isJsrReachable(names: readonly string[] | undefined): Promise<boolean> {
  // By subpath: @std/testing has no main module.
  const specifiers = standIns.filter(({ name }) => names?.includes(name) ?? true).flatMap(({ name, exports }) =>
    Object.keys(exports).map((subpath) => targets[name] + subpath.slice(1))
  );
  const args = ["cache", "--quiet", "--no-config", "--no-lock", ...specifiers];
  const silent = { stdin: "null", stdout: "null", stderr: "null" } as const;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), jsrTimeout);
  const { success } = await new Deno.Command(Deno.execPath(), { args, signal: late.signal, ...silent }).output();
  clearTimeout(timer);
  return success;
}
