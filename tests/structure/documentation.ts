/**
 * What the public API's documentation lacks, judged on what `deno doc --json` gives.
 *
 * @module
 */

/** The part of `deno doc --json` that is judged here. */
export interface Documentation {
  readonly nodes: Readonly<Record<string, { module_doc?: JsDoc; symbols: readonly DocumentedSymbol[] }>>;
}

export interface DocumentedSymbol {
  readonly name: string;
  readonly declarations: readonly Declaration[];
}

interface Declaration {
  readonly kind: string;
  readonly jsDoc?: JsDoc;
  readonly def: Callable & {
    readonly constructors?: readonly (Callable & { jsDoc?: JsDoc })[];
    readonly methods?: readonly { name: string; kind: string; jsDoc?: JsDoc; functionDef?: Callable }[];
  };
}

interface JsDoc {
  readonly doc?: string;
  readonly tags?: readonly { kind: string; name?: string; doc?: string }[];
}

interface Callable {
  readonly params?: readonly { kind: string; name?: string; left?: { name?: string } }[];
  readonly returnType?: { repr?: string; value?: { typeParams?: readonly { repr?: string }[] } };
}

/** What is missing in the documentation of one entry, one line a piece. */
export function gaps(documentation: Documentation): string[] {
  return Object.values(documentation.nodes).flatMap(({ module_doc, symbols }) => [
    ...(module_doc?.doc ? [] : ["the module has no documentation"]),
    ...symbols.flatMap(gapsOfSymbol),
  ]);
}

function gapsOfSymbol({ name, declarations }: DocumentedSymbol): string[] {
  return declarations.flatMap(({ kind, jsDoc, def }) => {
    const found = jsDoc?.doc ? [] : [`${name} has no documentation`];
    if (kind !== "function" && kind !== "class") return found;
    if (!hasTag(jsDoc, "example")) found.push(`${name} has no @example`);
    if (kind === "function") return [...found, ...gapsOfCall(name, jsDoc, def)];
    for (const constructor of def.constructors ?? []) {
      found.push(...gapsOfCall(`new ${name}`, constructor.jsDoc, constructor));
    }
    for (const { name: method, kind, jsDoc, functionDef } of def.methods ?? []) {
      if (kind === "method") found.push(...gapsOfCall(`${name}.${method}`, jsDoc, functionDef ?? {}));
    }
    return found;
  });
}

function gapsOfCall(name: string, jsDoc: JsDoc | undefined, { params = [], returnType }: Callable): string[] {
  const found = params.flatMap((param) => {
    const wanted = param.name ?? param.left?.name;
    if (wanted === undefined || hasTag(jsDoc, "param", wanted)) return [];
    return [`${name} has no @param ${wanted}`];
  });
  if (givesSomething(returnType) && !hasTag(jsDoc, "return")) found.push(`${name} has no @returns`);
  if (jsDoc?.tags?.some(({ kind, doc }) => kind === "throws" && !doc)) {
    found.push(`${name} has a @throws that doesn't say when`);
  }
  return found;
}

function hasTag(jsDoc: JsDoc | undefined, kind: string, name?: string): boolean {
  return jsDoc?.tags?.some((tag) => tag.kind === kind && (name === undefined || tag.name === name) && tag.doc) ??
    false;
}

function givesSomething(returnType: Callable["returnType"]): boolean {
  if (returnType === undefined || returnType.repr === "void") return false;
  return !(returnType.repr === "Promise" && returnType.value?.typeParams?.[0]?.repr === "void");
}
