/**
 * Where `@std` comes from on this machine, and how to tell a Deno subcommand.
 *
 * `deno.json` names `@std/*` on JSR, which is what the published package depends on. On a machine that reaches
 * npm but not JSR, an import map puts the folders beside this file in their place: they carry the same names, from
 * npm packages or written here. The map goes in as a data URL, so that nothing is written, `deno.lock` included.
 *
 * @module
 */

export type Source = "jsr" | "npm";

/** The top folder of the repository. */
export const root: string = `${import.meta.dirname}/../..`;

/** The subcommands that load modules and take an import map; the others don't need one. */
const takeImportMap = new Set(
  ["bench", "bundle", "cache", "check", "compile", "doc", "info", "run", "serve", "test"],
);

/** How long JSR may take to answer before npm is used, in milliseconds. Cached packages answer at once. */
const jsrPatience = 20_000;

interface Config {
  imports: Record<string, string>;
}

interface StandIn {
  name: string;
  exports: Record<string, string>;
}

const config: Config = JSON.parse(Deno.readTextFileSync(`${root}/deno.json`));

/** The folders beside this file that stand in for a package. */
export const standInFolders: readonly string[] = Array.from(Deno.readDirSync(new URL(".", import.meta.url)))
  .filter((entry) => entry.isDirectory)
  .map((entry) => entry.name)
  .sort();

const standIns: readonly StandIn[] = standInFolders.map((folder) =>
  JSON.parse(Deno.readTextFileSync(new URL(`${folder}/deno.json`, import.meta.url)))
);

/**
 * The source in use: what `STD_SOURCE` says, else JSR where it answers. One line on stderr says which.
 * {@linkcode environment} hands the choice on, so that a command started from here doesn't ask again.
 */
export async function chooseSource(): Promise<Source> {
  const given = Deno.env.get("STD_SOURCE");
  if (given === "jsr" || given === "npm") return given;
  const source = await jsrAnswers() ? "jsr" : "npm";
  console.error(
    source === "jsr"
      ? "@std: from JSR"
      : "@std: from npm, by way of tests/std (JSR did not answer; STD_SOURCE=jsr insists on it)",
  );
  return source;
}

/** What goes between a subcommand and its own arguments. */
export function flags(source: Source, subcommand: string): string[] {
  const map = source === "npm" && takeImportMap.has(subcommand) ? ["--import-map", importMap()] : [];
  return ["--config", `${root}/deno.json`, ...map];
}

/** What a command started with {@linkcode flags} must find in its environment. */
export function environment(source: Source): Record<string, string> {
  // Linting looks for the packages behind a public type and takes no import map: it gets a quick no instead of
  // waiting for a server that doesn't answer.
  return source === "npm" ? { STD_SOURCE: source, JSR_URL: "http://127.0.0.1:9/" } : { STD_SOURCE: source };
}

function importMap(): string {
  const imports: Record<string, string> = {};
  for (const [name, target] of Object.entries(config.imports)) {
    imports[name] = target;
    // In deno.json a package's name covers its subpaths; in an import map that takes a line of its own.
    if (/^(npm|jsr):/.test(target)) imports[`${name}/`] = `${target.replace(/^(npm|jsr):\/?/, "$1:/")}/`;
  }
  standIns.forEach(({ name, exports }, index) => {
    delete imports[name];
    delete imports[`${name}/`];
    for (const [subpath, file] of Object.entries(exports)) {
      imports[name + subpath.slice(1)] = new URL(`${standInFolders[index]}/${file}`, import.meta.url).href;
    }
  });
  return `data:application/json,${encodeURIComponent(JSON.stringify({ imports }))}`;
}

async function jsrAnswers(): Promise<boolean> {
  // Subpath by subpath: not every package has a front door (@std/testing hasn't).
  const specifiers = standIns.flatMap(({ name, exports }) =>
    Object.keys(exports).map((subpath) => config.imports[name] + subpath.slice(1))
  );
  const child = new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "--no-config", "--no-lock", ...specifiers],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const timer = setTimeout(() => child.kill(), jsrPatience);
  const { success } = await child.status;
  clearTimeout(timer);
  return success;
}
