/**
 * Runs a Deno subcommand with `@std` from wherever it can be had.
 *
 * `deno.json` names `@std/*` on JSR, which is what the published package depends on. On a machine that reaches
 * npm but not JSR, the same `jsr:` specifiers are linked to the folders beside this file, which carry the same
 * names from npm packages. One line on stderr says which source is in use.
 *
 * @module
 */

const root = new URL("../../", import.meta.url);
const linkedConfig = "deno.npm.json";
const packages = ["assert", "dotenv", "encoding", "testing"];

/** How long JSR may take to answer before npm is used, in milliseconds. Cached packages answer at once. */
const jsrPatience = 20_000;

const config = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));

async function jsrAnswers(): Promise<boolean> {
  const specifiers = packages.map((name) => config.imports[`@std/${name}`]);
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

function writeLinkedConfig(): void {
  const linked = { ...config, links: packages.map((name) => `./tests/std/${name}`) };
  const text = JSON.stringify(linked, null, 2) + "\n";
  const path = new URL(linkedConfig, root);
  // Left alone when unchanged: Deno rechecks everything behind a config that is newer than its caches.
  if (text === readOrNothing(path)) return;
  Deno.writeTextFileSync(path, text);
}

function readOrNothing(path: URL): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** `STD_SOURCE` is set for the commands run here, so that a command they start doesn't ask JSR again. */
async function chooseSource(): Promise<"jsr" | "npm"> {
  const given = Deno.env.get("STD_SOURCE");
  if (given === "jsr" || given === "npm") return given;
  const source = await jsrAnswers() ? "jsr" : "npm";
  console.error(
    source === "jsr"
      ? "@std: from JSR"
      : "@std: from npm packages linked in tests/std (JSR did not answer; set STD_SOURCE=jsr to insist on it)",
  );
  return source;
}

const [subcommand, ...rest] = Deno.args;
if (subcommand === undefined) {
  console.error("Usage: deno task std <deno subcommand> [arguments]");
  Deno.exit(2);
}
const source = await chooseSource();
if (source === "npm") writeLinkedConfig();
const child = new Deno.Command(Deno.execPath(), {
  args: [subcommand, "--config", source === "npm" ? linkedConfig : "deno.json", ...rest],
  cwd: root,
  env: { STD_SOURCE: source },
}).spawn();
// The child is in the same process group and gets the terminal's Ctrl+C itself: wait for how it ends.
Deno.addSignalListener("SIGINT", () => {});
Deno.exit((await child.status).code);
