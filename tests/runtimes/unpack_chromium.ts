/** Unpacks the named archives of the package that carries Chromium: see `chromium_executable.ts`. @module */
import { fileURLToPath } from "node:url";

// Computed, for what is written out is part of the module graph, and a type check would download it.
const specifier = `npm:${"@sparticuz/chromium"}@153.0.0`;
const { inflate } = await import(specifier);
const archives = new URL("../bin/", import.meta.resolve(specifier));
await Promise.all(Deno.args.map((name) => inflate(fileURLToPath(new URL(name, archives)))));
