/** Prints the folder of an npm package, given as `name@version`: see `npm_package.ts`. @module */

const id = Deno.args[0]!;
// Computed: a specifier that is written out belongs to the module graph, and a type check would download it.
let module = `npm:${id}/package.json`;
try {
  await import(module, { with: { type: "json" } });
} catch (error) {
  if (!String(error).includes("ERR_PACKAGE_PATH_NOT_EXPORTED")) throw error;
  module = `npm:${id}`;
  await import(module);
}
const version = `/${id.slice(id.lastIndexOf("@") + 1)}/`;
const url = import.meta.resolve(module);
console.log(url.slice(0, url.lastIndexOf(version) + version.length));
