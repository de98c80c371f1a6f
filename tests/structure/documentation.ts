/**
 * Finds the gaps in the public API's documentation, by `deno doc --json`.
 *
 * @module
 */

/** The part of `deno doc --json` that is checked. */
type Documentation = { nodes: Record<string, { module_doc?: JsDoc; symbols: DocumentedSymbol[] }> };
type JsDoc = { doc?: string; tags?: { kind: string; name?: string; doc?: string }[] };
type DocumentedSymbol = { name: string; declarations: { kind: string; jsDoc?: JsDoc; def: Definition }[] };
type Definition = Callable & {
  constructors?: Callable[];
  methods?: { name: string; kind: string; jsDoc?: JsDoc; functionDef?: Callable }[];
};
type Callable = {
  jsDoc?: JsDoc | undefined;
  params?: { name?: string; left?: { name?: string } }[];
  returnType?: { repr?: string; value?: { typeParams?: { repr?: string }[] } };
};

/** Returns what one entry's documentation lacks, a line each. */
export function findGaps(documentation: Documentation): string[] {
  return Object.values(documentation.nodes).flatMap(({ module_doc, symbols }) => [
    ...module_doc?.doc ? [] : ["the module has no documentation"],
    ...symbols.length > 0 ? symbols.flatMap(findSymbolGaps) : ["the module exports nothing"],
  ]);
}

function findSymbolGaps({ name, declarations }: DocumentedSymbol): string[] {
  return declarations.flatMap(({ kind, jsDoc, def }) => [
    ...jsDoc?.doc ? [] : [`${name} has no documentation`],
    ...(kind === "function" || kind === "class") && !hasTag(jsDoc, "example") ? [`${name} has no @example`] : [],
    ...kind === "function" ? findCallGaps(name, { ...def, jsDoc }) : [],
    ...(def.constructors ?? []).flatMap((each) => findCallGaps(`new ${name}`, each)),
    ...(def.methods ?? []).filter(({ kind }) => kind === "method")
      .flatMap((each) => findCallGaps(`${name}.${each.name}`, { ...each.functionDef, jsDoc: each.jsDoc })),
  ]);
}

function findCallGaps(name: string, { jsDoc, params = [], returnType }: Callable): string[] {
  const found = params.map((param) => param.name ?? param.left?.name)
    .filter((param) => param !== undefined && !hasTag(jsDoc, "param", param))
    .map((param) => `${name} has no @param ${param}`);
  const result = returnType?.repr === "Promise" ? returnType.value?.typeParams?.[0] : returnType;
  if (returnType && result?.repr !== "void" && !hasTag(jsDoc, "return")) found.push(`${name} has no @returns`);
  if (jsDoc?.tags?.some(({ kind, doc }) => kind === "throws" && !doc)) found.push(`${name} has an empty @throws`);
  return found;
}

function hasTag(jsDoc: JsDoc | undefined, kind: string, name?: string): boolean {
  return jsDoc?.tags?.some((tag) => tag.kind === kind && (!name || tag.name === name) && tag.doc) ?? false;
}
