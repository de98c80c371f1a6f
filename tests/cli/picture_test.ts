import { assertEquals, assertMatch } from "@std/assert";
import { drawTerminal } from "./draw_terminal.ts";
import { drawDoctor, picture } from "./picture.ts";

Deno.test("picture: text in its styles, at its columns", () => {
  const svg = drawTerminal("a \x1b[1;31m<b>\x1b[0m\n  \x1b[2mc\x1b[22m d\n", "title");
  assertEquals(svg.match(/<text .*/g), [
    '<text y="35"><tspan x="20.0">a</tspan><tspan x="36.8" class="bold red">&lt;b&gt;</tspan></text>',
    '<text y="55"><tspan x="36.8" class="dim">c</tspan><tspan x="53.6">d</tspan></text>',
  ]);
});

Deno.test("picture: README's shows what the doctor says today; else run: deno task picture", async () => {
  const [stored, drawn] = [await Deno.readTextFile(picture), await drawDoctor()];
  assertMatch(drawn, /Cause: API call/);
  assertEquals(readWords(stored), readWords(drawn));
});

/** The text, without ports, times, versions and breaks of lines, which follow from their lengths. */
function readWords(svg: string): string {
  const texts = [...svg.matchAll(/<tspan[^>]*>(.*?)<\/tspan>/g)].map(([, text]) => text);
  return texts.join(" ").replaceAll(/\s+/g, " ").replaceAll(/127\.0\.0\.1:\d+/g, "host")
    .replaceAll(/\d+(\.\d+)?( m?s\b)/g, "0$2").replaceAll(/, \d+ characters|Deno\/\S+/g, "");
}
