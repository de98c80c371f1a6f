/** Prints the folder of an npm package, given as `name@version`: see `npm_package.ts`. @module */

// Computed: a specifier that is written out belongs to the module graph, and a type check would download it.
const manifest = `npm:${Deno.args[0]}/package.json`;
await import(manifest, { with: { type: "json" } });
console.log(new URL(".", import.meta.resolve(manifest)).href);
