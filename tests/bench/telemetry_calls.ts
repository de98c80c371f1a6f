/**
 * Calls with telemetry beside calls without, on Node, Deno or Bun. Arguments: the loopback servers' origin, and `smoke`
 * where it is only to run. The figures are printed, as JSON.
 *
 * @module
 */

import { MeterProvider, PeriodicExportingMetricReader } from "npm:@opentelemetry/sdk-metrics@2.12.0";
import { BasicTracerProvider, BatchSpanProcessor } from "npm:@opentelemetry/sdk-trace-base@2.12.1";
import { openTelemetry } from "@m2m/authenticator/telemetry/opentelemetry";
import process from "node:process";
import { makeMember } from "./fleet_member.ts";
import { quantile, timeInTurns } from "./statistics.ts";

/** Microseconds of a call without telemetry and with it, and their ratios. */
export interface TelemetryCost {
  readonly without: number;
  readonly with: number;
  readonly ratio: number;
  /** The ratio of those without, in halves. */
  readonly control: number;
}

if (import.meta.main) {
  const [api = "", effort] = process.argv.slice(2);
  // An exporter that drops everything.
  const exporter = {
    export: (_items: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  const meterProvider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1_000, exportTimeoutMillis: 1_000 })],
  });
  const onEvent = openTelemetry({ tracerProvider, meterProvider });
  const setting = { api, tokenEndpoint: `${api}/token` };
  const members = Array.from({ length: 8 }, (_, index) => makeMember(setting, index < 4 ? {} : { onEvent }));
  for (const member of members) await member.ready();
  const timing = effort === "smoke" ? { batch: 5, rounds: 3 } : { batch: 50, rounds: 401 };
  const calls = members.map(({ fetch }) => async () => await (await fetch("/item")).text());
  // What else the machine does only adds.
  const fast = (await timeInTurns(calls, timing)).map((times) => quantile(times, 0.1));
  const mean = (from: number, to: number) => fast.slice(from, to).reduce((sum, time) => sum + time, 0) / (to - from);
  const [without, telemetry] = [mean(0, 4), mean(4, 8)];
  const cost: TelemetryCost = {
    without,
    with: telemetry,
    ratio: telemetry / without,
    control: mean(0, 2) / mean(2, 4),
  };
  console.log(JSON.stringify(cost));
  process.exit(0);
}
