/** What the charts share: a page that follows the reader's choice of light or dark. @module */

export const width = 720;

/** Draws a page of this height: its title, lines below it from `left`, and its parts. */
export function drawPage(
  { label, title, lines, left, height, parts }: {
    /** What a screen reader says. */
    readonly label: string;
    readonly title: string;
    readonly lines: readonly string[];
    readonly left: number;
    readonly height: number;
    readonly parts: readonly string[];
  },
): string {
  const text = lines.map((line, index) => `<text x="${left}" y="${48 + 16 * index}">${line}</text>`);
  return `<!-- deno-fmt-ignore-file -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${label}</title>
<style>${style}</style>
<rect class="page" width="${width}" height="${height}" rx="6"/>
<text x="${left}" y="28" class="title">${title}</text>
${[...text, ...parts].join("\n")}
</svg>
`;
}

/** Rounds to tenths, for pixels. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Lines are of a class `line`, areas of `area`, each with one of `one` to `three`. */
const style = `
text { font: 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #57606a }
.title { font-size: 16px; font-weight: 600; fill: #1f2328 }
.name { font-weight: 600; fill: #1f2328 }
.tick { text-anchor: end; font-size: 11px }
.hour { text-anchor: middle; font-size: 11px }
.page, .inside { fill: #ffffff }
.grid { stroke: #d8dee4 }
.axis { stroke: #57606a }
.line { stroke: currentColor; stroke-width: 1.6; fill: none }
.area { fill: currentColor }
.one { color: #9a6700 }
.two { color: #0969da }
.three { color: #1a7f37 }
@media (prefers-color-scheme: dark) {
text { fill: #9198a1 }
.title, .name { fill: #f0f6fc }
.page, .inside { fill: #0d1117 }
.grid { stroke: #2a313c }
.axis { stroke: #9198a1 }
.one { color: #d29922 }
.two { color: #4493f8 }
.three { color: #3fb950 }
}
`;
