/** The part of `@std/dotenv` that the demo uses, by npm's `dotenv`. @module */
import dotenv from "npm:dotenv@18.0.10";

export function parse(text: string): Record<string, string> {
  return dotenv.parse(text);
}

/** As in `@std/dotenv`: a missing file is an empty one, and `export` never overwrites what is set. */
export async function load(
  { envPath = "./.env", export: toEnv = false }: { envPath?: string | URL | null; export?: boolean } = {},
): Promise<Record<string, string>> {
  if (envPath === null) return {};
  let text = "";
  try {
    text = await Deno.readTextFile(envPath);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const settings = parse(text);
  if (toEnv) {
    for (const [name, value] of Object.entries(settings)) {
      if (Deno.env.get(name) === undefined) Deno.env.set(name, value);
    }
  }
  return settings;
}
