/** What a collector gets, from OpenTelemetry's SDK on each runtime, and from Deno's own exporter. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { planted, quotedSecret } from "../faults/planted.ts";
import { bundle } from "../runtimes/bundle.ts";
import { testOnPrograms } from "../runtimes/every_runtime.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { type Stage, startStage } from "./stage.ts";

/** Runs one of the programs here, from one file. */
async function runProgram(name: string, start: string[], args: string[], env: Record<string, string> = {}) {
  await using folder = await temporaryFolder("telemetry_");
  const file = join(folder.path, "program.mjs");
  await Deno.writeTextFile(file, await bundle(new URL(name, import.meta.url), "esm", "deno"));
  const [executable = "", ...flags] = start;
  const { success, stdout, stderr } = await runToEnd(executable, { args: [...flags, file, ...args], env });
  assertEquals({ success, stderr }, { success: true, stderr: "" });
  return stdout;
}

const deno = [Deno.execPath(), "run", "--quiet", "--no-config", "--no-lock", "--allow-all"];

/** The calls of `use.ts` that request a token, by their span's name; and what is said of each. */
const requests = [
  ["first", "first", false, "issued"],
  ["background", "proactive", true, "issued"],
  ["rejected", "rejected", false, "issued"],
  ["other scope", "first", false, "issued", "a b", "https://reports.test"],
  ["refused", "first", false, "failed", "refused", undefined, "token_request_rejected", 400],
];

/** The metrics by name and unit, and their sums. */
const measured = {
  "m2m.token.requests {request}": 5,
  "m2m.token.request.duration s": 5,
  "m2m.token.failures {failure}": 1,
  "m2m.token.wait.duration s": 4,
  "m2m.token.rejections {rejection}": 1,
  "m2m.request.replays {request}": 1,
  "m2m.token.omissions {request}": 1,
};

function assertCollected({ collector, place, countTokenRequests }: Stage): void {
  const own = collector.spans.filter(({ scope }) => scope === "@m2m/authenticator");
  const callers = new Map(collector.spans.map((span) => [span.spanId, span]));
  const { hostname, port } = new URL(place.api);
  const found = own.map(({ name, kind, parentSpanId = "", traceId, attributes, status }) => {
    const parent = callers.get(parentSpanId);
    assertEquals([name, kind, parent?.traceId], ["m2m.token.request", 1, traceId]);
    assertEquals([attributes["server.address"], attributes["server.port"]], [hostname, Number(port)]);
    assertEquals(status.code ?? 0, attributes["error.type"] ? 2 : 0);
    const names = ["m2m.reason", "m2m.background", "m2m.outcome", "m2m.scopes", "m2m.audience", "error.type"];
    return [parent?.name, ...[...names, "http.response.status_code"].map((name) => attributes[name])];
  });
  const padded = requests.map((row) => Array.from({ length: 8 }, (_, index) => row[index]));
  assertEquals(found.sort(), padded.sort());
  assertEquals(countTokenRequests(), own.length);

  const points = collector.points().filter(({ scope }) => scope === "@m2m/authenticator");
  const sums: Record<string, number> = {};
  for (const { name, unit, value } of points) {
    if (name !== "m2m.token.remaining_lifetime") sums[`${name} ${unit}`] = (sums[`${name} ${unit}`] ?? 0) + value;
  }
  assertEquals(sums, measured);
  // One for each token that lives: the first authenticator's, and that of another scope.
  const lifetimes = points.filter(({ name }) => name === "m2m.token.remaining_lifetime");
  assertEquals(new Set(lifetimes.map(({ attributes }) => attributes["m2m.scopes"])), new Set([undefined, "a b"]));
  assert(lifetimes.every(({ value, unit }) => value > 3_500 && value <= 3_600 && unit === "s"));
}

/** Fails if the secret, the token or a body shows in what was sent. */
function assertNoSecretIn(text: string): void {
  const secrets = [...Object.values(quotedSecret), planted.tokenStart, planted.body];
  assertEquals(secrets.filter((secret) => text.includes(secret)), []);
}

async function checkSdk(start: string[]): Promise<void> {
  await using stage = startStage();
  await runProgram("program.ts", start, [stage.collector.origin, JSON.stringify(stage.place)]);
  assertCollected(stage);
  assertNoSecretIn(stage.collector.text());
  assert(!stage.collector.text().includes(planted.query));
}

async function checkForgotten(start: string[]): Promise<void> {
  assertEquals(await runProgram("forgotten_program.ts", start, []), "100\n0\n");
}

const sdk = "openTelemetry: the SDK exports spans and metrics";
Deno.test(`${sdk} on Deno`, () => checkSdk(deno));
await testOnPrograms(sdk, (executable) => checkSdk([executable]));

const gone = "openTelemetry: authenticators that are gone aren't kept, nor reported";
Deno.test(`${gone} on Deno`, () => checkForgotten([...deno, "--v8-flags=--expose-gc"]));
await testOnPrograms(gone, (executable) => checkForgotten([executable, "--expose-gc"]));

Deno.test("openTelemetry: OTEL_DENO exports the same, beside Deno's own span of each request", async () => {
  await using stage = startStage();
  const env = {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: stage.collector.origin,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_METRIC_EXPORT_INTERVAL: "200",
  };
  await runProgram("deno_program.ts", deno, [JSON.stringify(stage.place)], env);
  assertCollected(stage);
  assertNoSecretIn(stage.collector.text());
  const { spans } = stage.collector;
  const ofDeno = spans.filter(({ kind, attributes }) =>
    kind === 3 && attributes["url.full"] === stage.place.tokenEndpoint
  );
  // One each, with the same parent as ours; its URL holds the query.
  const parents = (list: readonly { parentSpanId?: string }[]) => list.map(({ parentSpanId }) => parentSpanId).sort();
  assertEquals(parents(ofDeno), parents(spans.filter(({ name }) => name === "m2m.token.request")));
});
