/**
 * What a module imports and names, as Deno's own parser sees it: comments and strings don't count.
 *
 * @module
 */

/** Names by which a module speaks to one runtime. */
const runtimeNames = new Set(["Deno", "Bun", "process", "caches", "navigator"]);

/** What {@linkcode readModule} gives. */
export interface ModuleFacts {
  /** The specifiers of every import, re-export, dynamic import and `import("…")` type. */
  readonly imports: readonly string[];
  /** Those of them that are loaded when needed, by `import()`. */
  readonly lazyImports: readonly string[];
  /** The runtime names that are used, each once. */
  readonly runtimeNames: readonly string[];
}

/** The specifier that stands for a dynamic import whose target only shows when it runs. */
export const computed = "<computed>";

export function readModule(path: string, text: string): ModuleFacts {
  const imports: string[] = [];
  const lazyImports: string[] = [];
  const names = new Set<string>();
  // The linter hands a rule the syntax tree: a rule that reports nothing is a reader.
  const reader: Deno.lint.Rule = {
    create: () => ({
      ImportDeclaration: (node) => void imports.push(node.source.value),
      ExportAllDeclaration: (node) => void imports.push(node.source.value),
      ExportNamedDeclaration: (node) => void (node.source && imports.push(node.source.value)),
      ImportExpression: (node) => {
        const specifier = literal(node.source) ?? computed;
        imports.push(specifier);
        lazyImports.push(specifier);
      },
      TSImportType: (node) => void imports.push(literal(node.argument) ?? computed),
      Identifier: (node) => void (runtimeNames.has(node.name) && names.add(node.name)),
      // globalThis["Deno"] is the same name in other clothes.
      MemberExpression: (node) => {
        const key = node.computed ? literal(node.property) : undefined;
        if (key !== undefined && runtimeNames.has(key)) names.add(key);
      },
    }),
  };
  Deno.lint.runPlugin({ name: "structure", rules: { reader } }, path, text);
  return { imports, lazyImports, runtimeNames: [...names] };
}

function literal(node: object): string | undefined {
  // A literal type wraps the literal itself.
  const inner = "literal" in node && typeof node.literal === "object" ? node.literal ?? node : node;
  return "value" in inner && typeof inner.value === "string" ? inner.value : undefined;
}
