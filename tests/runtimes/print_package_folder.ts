/** Prints the folder of the npm package whose name and version are given: see `npm_package.ts`. @module */

const [name, version] = Deno.args;
// Computed, for what is written out is part of the module graph, and a type check would download it.
const manifest = `npm:${name}@${version}/package.json`;
await import(manifest, { with: { type: "json" } });
console.log(new URL(".", import.meta.resolve(manifest)).href);
