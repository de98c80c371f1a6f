/** The part of `@std/dotenv` that the demo uses, by npm's `dotenv`. @module */
import dotenv from "npm:dotenv@18.0.10";

export const parse = (text: string): Record<string, string> => dotenv.parse(text);

/** As in `@std/dotenv`: a missing file is an empty one, and `export` never overwrites what is set. */
export async function load(
  { envPath = "./.env", export: toEnv = false }: { envPath?: string | URL | null; export?: boolean } = {},
): Promise<Record<string, string>> {
  const text = envPath === null ? "" : await Deno.readTextFile(envPath).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "";
  });
  const settings = parse(text);
  for (const [name, value] of Object.entries(toEnv ? settings : {})) {
    if (Deno.env.get(name) === undefined) Deno.env.set(name, value);
  }
  return settings;
}
