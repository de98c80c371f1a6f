/**
 * The fenced code blocks of the documentation, found independently of Deno.
 *
 * @module
 */

export interface CodeBlock {
  /** The file, and the line of the opening fence, from 1. */
  readonly place: string;
  /** The words after the opening fence: `["ts"]`, `["ts", "ignore"]`. */
  readonly words: readonly string[];
  readonly lines: readonly string[];
}

/** Finds the blocks of a Markdown file, or of the documentation comments in a module. */
export function findCodeBlocks(path: string, text: string): CodeBlock[] {
  return path.endsWith(".md") ? parseBlocks(path, text, 1) : Array.from(
    text.matchAll(/\/\*\*[^]*?\*\//g),
    (match) => parseBlocks(path, match[0].replace(/^ *\* ?/gm, ""), text.slice(0, match.index).split("\n").length),
  ).flat();
}

function parseBlocks(path: string, text: string, firstLine: number): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { place: string; words: string[]; lines: string[]; fence: string } | undefined;
  text.split("\n").forEach((line, index) => {
    const fence = /^ *(`{3,})(.*)$/.exec(line);
    if (open === undefined && fence !== null) {
      const words = fence[2]!.match(/[^\s,]+/g) ?? [];
      open = { place: `${path}:${firstLine + index}`, words, lines: [], fence: fence[1]! };
    } else if (open !== undefined && fence?.[1] === open.fence && fence[2]!.trim() === "") {
      const { place, words, lines } = open;
      blocks.push({ place, words, lines });
      open = undefined;
    } else {
      open?.lines.push(line);
    }
  });
  return blocks;
}

const run = new Set(["ts", "js"]);
const shown = new Set(["diff", "html", "http", "json", "jsonc", "mermaid", "sh", "text", "toml", "yaml"]);

/** Whether `deno test --doc` runs the block. */
export function isRun({ words }: CodeBlock): boolean {
  return run.has(words[0] ?? "") && !words.includes("ignore");
}

/** Returns the fault of the block's fence, if it has one. */
export function findFault({ place, words, lines }: CodeBlock): string | undefined {
  const [language, ...attributes] = words;
  if (language === undefined) return `${place}: the block has no language ("text" is one)`;
  if (shown.has(language)) return undefined;
  if (!run.has(language)) return `${place}: it isn't known whether "${language}" is run`;
  const unknown = attributes.find((attribute) => attribute !== "ignore");
  if (unknown !== undefined) return `${place}: unknown attribute "${unknown}"`;
  if (attributes.includes("ignore") && !/^\/\/ (Not run:|npm install) \S/.test(lines[0] ?? "")) {
    return `${place}: an example that isn't run says why in its first line: "// Not run: …", or "// npm install …"`;
  }
  return undefined;
}
