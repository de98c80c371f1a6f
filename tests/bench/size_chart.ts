/** Bundle sizes as a picture. @module */

import { drawPage, round, width } from "./chart.ts";

const [left, right, top, row] = [206, 190, 64, 30];

/** Draws a bar for each client, the smallest first. */
export function drawSizes(
  clients: readonly { readonly name: string; readonly note?: string | undefined; readonly gzipped: number }[],
  ours: string,
): string {
  const sorted = clients.toSorted((a, b) => a.gzipped - b.gzipped);
  const most = Math.max(...sorted.map(({ gzipped }) => gzipped));
  const parts = sorted.flatMap(({ name, note, gzipped }, index) => {
    const [y, length] = [top + row * index, round(gzipped / most * (width - left - right))];
    const isOurs = name === ours;
    return [
      `<text x="${left - 10}" y="${y + 13}" style="text-anchor: end"${isOurs ? ' class="name"' : ""}>${name}</text>`,
      `<rect class="area ${isOurs ? "two" : "one"}" x="${left}" y="${y}" width="${length}" height="18" rx="2"/>`,
      `<text x="${left + length + 8}" y="${y + 13}"><tspan class="name">${(gzipped / 1000).toFixed(1)} kB</tspan>` +
      `${note ? ` ${note}` : ""}</text>`,
    ];
  });
  return drawPage({
    label: "Bundle sizes of clients for the client credentials grant",
    title: "What a program loads for a client",
    lines: ["What the job takes (of ours, the whole core), minified and gzipped, as deno bundle makes it."],
    ...{ left: 20, height: top + row * sorted.length + 10, parts },
  });
}
