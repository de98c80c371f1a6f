/** A simulated fleet as a picture. @module */

import type { Course } from "./simulate_fleet.ts";
import { show } from "./table.ts";

const [width, left, right, top] = [720, 64, 16, 74];
/** Of each panel: with its heading, and its bars alone. */
const [panel, height] = [124, 80];
const most = 10_000;

/** Draws the token requests of each kind of instances, one panel each. */
export function drawFleet(
  kinds: readonly { readonly name: string; readonly course: Course }[],
  { instances, hours }: { readonly instances: number; readonly hours: number },
): string {
  const inner = width - left - right;
  const total = top + panel * kinds.length + 28;
  const x = (hour: number) => round(left + hour / hours * inner);
  const panels = kinds.map(({ name, course: { requests } }, index) => {
    const base = top + panel * index + 24 + height;
    // One request is a bar as well.
    const y = (count: number) => round(base - (Math.log10(count) + 0.4) / (Math.log10(most) + 0.4) * height);
    const minutes = Array.from(
      { length: hours * 60 },
      (_, minute) => Math.max(...requests.slice(minute * 60, minute * 60 + 60)),
    );
    const bars = minutes.flatMap((count, minute) =>
      count > 0 ? [`M${x((minute + 0.5) / 60)} ${base}V${y(count)}`] : []
    );
    const ticks = [1, 100, 10_000];
    const sum = show(requests.reduce((sum, count) => sum + count, 0));
    const title = name[0]!.toUpperCase() + name.slice(1);
    const heading = `${title}: ${sum} requests, at most ${show(Math.max(...minutes))} a second`;
    return [
      `<text x="${left}" y="${base - height - 10}" class="name">${heading}</text>`,
      `<path class="grid" d="${ticks.map((count) => `M${left} ${y(count)}h${inner}`).join("")}"/>`,
      ...ticks.map((count) => `<text x="${left - 8}" y="${y(count) + 4}" class="tick">${show(count)}</text>`),
      `<path class="bars bars-${index}" d="${bars.join("")}"/>`,
      `<path class="axis" d="M${left} ${base}h${inner}"/>`,
    ].join("\n");
  });
  const axis = Array.from(
    { length: hours + 1 },
    (_, hour) => `<text x="${x(hour)}" y="${total - 14}" class="hour">${hour} h</text>`,
  );
  const restarts = `All start in the same second, and all are restarted in the same second after ${hours / 2} hours.`;
  return `<!-- deno-fmt-ignore-file -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" width="${width}" height="${total}" role="img">
<title>Token requests per second of ${show(instances)} instances over ${hours} hours</title>
<style>${style}</style>
<rect class="page" width="${width}" height="${total}" rx="6"/>
<text x="${left}" y="28" class="title">Token requests per second, ${show(instances)} instances</text>
<text x="${left}" y="48">The busiest second of each minute, on a logarithmic scale. A token lives for 1 hour.</text>
<text x="${left}" y="64">${restarts}</text>
${panels.join("\n")}
${axis.join("\n")}
</svg>
`;
}

const style = `
text { font: 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #57606a }
.title { font-size: 16px; font-weight: 600; fill: #1f2328 }
.name { font-weight: 600; fill: #1f2328 }
.tick { text-anchor: end; font-size: 11px }
.hour { text-anchor: middle; font-size: 11px }
.page { fill: #ffffff }
.grid { stroke: #d8dee4 }
.axis { stroke: #57606a }
.bars { stroke-width: 1.6; fill: none }
.bars-0 { stroke: #9a6700 }
.bars-1 { stroke: #0969da }
.bars-2 { stroke: #1a7f37 }
@media (prefers-color-scheme: dark) {
text { fill: #9198a1 }
.title, .name { fill: #f0f6fc }
.page { fill: #0d1117 }
.grid { stroke: #2a313c }
.axis { stroke: #9198a1 }
.bars-0 { stroke: #d29922 }
.bars-1 { stroke: #4493f8 }
.bars-2 { stroke: #3fb950 }
}
`;

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
