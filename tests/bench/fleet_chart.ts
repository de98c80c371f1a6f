/** A simulated fleet as a picture. @module */

import { drawPage, round, width } from "./chart.ts";
import type { Course } from "./simulate_fleet.ts";
import { show } from "./table.ts";

const [left, right, top] = [64, 16, 74];
/** Of each panel: with its heading, and its bars alone. */
const [panel, height] = [124, 80];
const most = 10_000;
const colours = ["one", "two", "three"];

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
      `<path class="line ${colours[index]}" d="${bars.join("")}"/>`,
      `<path class="axis" d="M${left} ${base}h${inner}"/>`,
    ].join("\n");
  });
  const axis = Array.from(
    { length: hours + 1 },
    (_, hour) => `<text x="${x(hour)}" y="${total - 14}" class="hour">${hour} h</text>`,
  );
  return drawPage({
    label: `Token requests per second of ${show(instances)} instances over ${hours} hours`,
    title: `Token requests per second, ${show(instances)} instances`,
    lines: [
      "The busiest second of each minute, on a logarithmic scale. A token lives for 1 hour.",
      `All start in the same second, and all are restarted in the same second after ${hours / 2} hours.`,
    ],
    ...{ left, height: total, parts: [...panels, ...axis] },
  });
}
