/**
 * A module's imports and the runtimes it names, by Deno's own parser: comments and strings don't count.
 *
 * @module
 */

const runtimeNames = new Set(["Deno", "Bun", "process", "caches", "navigator"]);

/** The specifier of a dynamic import whose target is computed. */
export const computed = "<computed>";

/** Finds the specifiers of every import, re-export, dynamic import and `import("…")` type; and each runtime's name. */
export function readModule(path: string, text: string): { imports: string[]; runtimeNames: string[] } {
  const imports: string[] = [];
  const names = new Set<string>();
  // A lint rule gets the syntax tree.
  const reader: Deno.lint.Rule = {
    create: () => ({
      ImportDeclaration: (node) => void imports.push(node.source.value),
      ExportAllDeclaration: (node) => void imports.push(node.source.value),
      ExportNamedDeclaration: (node) => void (node.source && imports.push(node.source.value)),
      ImportExpression: (node) => void imports.push(readLiteral(node.source) ?? computed),
      TSImportType: (node) => void imports.push(readLiteral(node.argument) ?? computed),
      Identifier: (node) => void (runtimeNames.has(node.name) && names.add(node.name)),
      // globalThis["Deno"]
      MemberExpression: (node) => {
        const key = node.computed ? readLiteral(node.property) : undefined;
        if (key !== undefined && runtimeNames.has(key)) names.add(key);
      },
    }),
  };
  Deno.lint.runPlugin({ name: "structure", rules: { reader } }, path, text);
  return { imports, runtimeNames: [...names] };
}

function readLiteral(node: object): string | undefined {
  // A literal type wraps the literal.
  const inner = "literal" in node && typeof node.literal === "object" ? node.literal ?? node : node;
  return "value" in inner && typeof inner.value === "string" ? inner.value : undefined;
}
