/** The refresh of a token as a time line. @module */

import { drawPage, round, width } from "./chart.ts";
import { show } from "./table.ts";

/** What happened, in milliseconds from the start. */
export interface Timeline {
  /** When each token was requested, was issued, and expires; in the background, or while callers waited. */
  readonly tokens: readonly {
    readonly requested: number;
    readonly issued: number;
    readonly expires: number;
    readonly background: boolean;
  }[];
  /** The calls, and which token each carried, from 0. */
  readonly calls: readonly { readonly start: number; readonly end: number; readonly token: number }[];
  /** When it ends. */
  readonly end: number;
}

const [left, right] = [64, 16];
const colours = ["one", "two", "three"];
const names = ["first", "second", "third"];

/** How long the calls took that came before a token was there, and the others. */
export function findWaits({ tokens, calls }: Timeline): { readonly first: number[]; readonly others: number[] } {
  const took = (isFirst: boolean) =>
    calls.filter(({ start }) => start < tokens[0]!.issued === isFirst).map(({ start, end }) => end - start);
  return { first: took(true), others: took(false) };
}

/** Draws tokens, token requests and calls over the same seconds. */
export function drawRefresh(timeline: Timeline): string {
  const { tokens, calls, end } = timeline;
  const x = (time: number) => round(left + Math.min(time, end) / end * (width - left - right));
  const bar = (y: number, height: number, from: number, to: number, token: number) =>
    `<rect class="area ${colours[token]}" x="${x(from)}" y="${y}" width="${
      round(x(to) - x(from))
    }" height="${height}"/>`;
  const heading = (y: number, text: string) => `<text x="${left}" y="${y}" class="name">${text}</text>`;
  const [tokensAt, requestsAt, callsAt, height] = [76, 158, 222, 60];
  const base = callsAt + height;
  // From 1 ms to 1 s, on a logarithmic scale.
  const y = (took: number) => round(base - (Math.log10(Math.max(took, 1)) + 0.4) / 3.4 * height);
  const { first, others } = findWaits(timeline);
  const [before, after] = [Math.max(...first), Math.max(...others)].map((took) => show(Math.round(took)));
  const early = ((tokens[0]!.expires - tokens[1]!.requested) / 1000).toFixed(1);
  const change = x(tokens[1]!.issued);
  const lines = tokens.map((_, token) => {
    const bars = calls.filter((call) => call.token === token)
      .map(({ start, end }) => `M${x(start)} ${base}V${y(end - start)}`);
    return `<path class="line ${colours[token]}" d="${bars.join("")}"/>`;
  });
  const seconds = Array.from({ length: Math.floor(end / 1000) + 1 }, (_, second) => second);
  return drawPage({
    label: "A token is refreshed in the background, while calls go on with the one before",
    title: "A refresh in the background",
    lines: ["A run against a token endpoint that takes 300 ms, with a call every 100 ms."],
    ...{ left, height: base + 34 },
    parts: [
      heading(tokensAt, "Tokens, from their issue to their end"),
      ...tokens.flatMap(({ issued, expires }, token) => {
        const top = tokensAt + 10 + 22 * token;
        const name = `<text x="${x(issued) + 8}" y="${top + 12}" class="inside">${names[token]} token</text>`;
        return [bar(top, 16, issued, expires, token), name];
      }),
      heading(requestsAt, `Token requests: the second in the background, ${early} s before the end`),
      ...tokens.map(({ requested, issued }, token) => bar(requestsAt + 10, 16, requested, issued, token)),
      heading(
        callsAt - 6,
        `${calls.length} calls: ${first.length} wait for the first token, ${before} ms; the others take ${after} ms at most`,
      ),
      `<path class="grid" d="${[1, 10, 100, 1000].map((took) => `M${left} ${y(took)}H${width - right}`).join("")}"/>`,
      ...[1, 10, 100].map((took) => `<text x="${left - 8}" y="${y(took) + 4}" class="tick">${took} ms</text>`),
      ...lines,
      `<path class="axis" d="M${left} ${base}H${width - right}"/>`,
      `<path class="axis" stroke-dasharray="3 3" d="M${change} ${tokensAt + 6}V${base}"/>`,
      `<text x="${change}" y="${tokensAt}" class="hour">change</text>`,
      ...seconds.map((second) => `<text x="${x(second * 1000)}" y="${base + 20}" class="hour">${second} s</text>`),
    ],
  });
}
