/**
 * Draws what a terminal shows, as an SVG for light and dark pages.
 *
 * @module
 */

/** The styles, by their parameters of SGR (ECMA-48), with colors on a light page and on a dark one. */
const styles: Readonly<Record<string, readonly [name: string, light: string, dark: string]>> = {
  1: ["bold", "font-weight: 600", "font-weight: 600"],
  2: ["dim", "fill: #6e7781", "fill: #8b949e"],
  31: ["red", "fill: #cf222e", "fill: #ff7b72"],
  32: ["green", "fill: #1a7f37", "fill: #3fb950"],
  33: ["yellow", "fill: #9a6700", "fill: #d29922"],
  36: ["cyan", "fill: #1b7c83", "fill: #39c5cf"],
};
/** What ends them. */
const ends: Readonly<Record<string, readonly string[]>> = {
  0: Object.keys(styles),
  22: ["1", "2"],
  39: ["31", "32", "33", "36"],
};
const [columnWidth, lineHeight, fontSize, margin] = [8.4, 20, 14, 20];

const css = (index: 1 | 2) => Object.values(styles).map((style) => `.${style[0]} { ${style[index]} }`).join(" ");

/** Draws text with ANSI escape sequences, of so many columns. */
export function drawTerminal(text: string, title: string, columns = 80): string {
  const lines = text.trimEnd().split("\n");
  const on = new Set<string>();
  const rows = lines.map((line, index) => {
    let column = 0;
    // deno-lint-ignore no-control-regex
    const spans = line.split(/(\x1b\[[\d;]*m)/).map((part) => {
      if (part.startsWith("\x1b")) return void change(on, part.slice(2, -1));
      const start = column;
      column += part.length;
      const names = [...on].map((each) => styles[each]![0]);
      const left = part.length - part.trimStart().length;
      const shown = part.trim();
      if (shown === "") return "";
      const position = (margin + (start + left) * columnWidth).toFixed(1);
      return `<tspan x="${position}"${names.length > 0 ? ` class="${names.join(" ")}"` : ""}>${escape(shown)}</tspan>`;
    });
    return `<text y="${margin + (index + 1) * lineHeight - 5}">${spans.filter(Boolean).join("")}</text>`;
  });
  const width = Math.ceil(2 * margin + columns * columnWidth);
  const height = 2 * margin + lines.length * lineHeight;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escape(title)}</title>
<style>
text { font: ${fontSize}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328; white-space: pre }
rect { fill: #f6f8fa; stroke: #d0d7de }
${css(1)}
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } rect { fill: #161b22; stroke: #30363d }
${css(2)}
}
</style>
<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8"/>
${rows.join("\n")}
</svg>
`;
}

function change(on: Set<string>, parameters: string): undefined {
  for (const each of (parameters || "0").split(";")) {
    if (styles[each]) on.add(each);
    for (const ended of ends[each] ?? []) on.delete(ended);
  }
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
