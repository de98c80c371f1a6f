/**
 * Prints how many authenticators a gauge reports: those of a program, and when they are gone. For Deno, Bun and Node, with
 * `gc`.
 *
 * @module
 */

import { AggregationTemporality, MeterProvider, MetricReader } from "npm:@opentelemetry/sdk-metrics@3.1.0";
import { openTelemetry } from "@m2m/authenticator/telemetry/opentelemetry";
import { setImmediate } from "node:timers/promises";
import { authenticatorAt } from "../authenticator_at.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

class Reader extends MetricReader {
  protected override onForceFlush = () => Promise.resolve();
  protected override onShutdown = () => Promise.resolve();
}

if (import.meta.main) {
  // A cumulative reader repeats what isn't reported any longer.
  const reader = new Reader({ aggregationTemporalitySelector: () => AggregationTemporality.DELTA });
  const onEvent = openTelemetry({ meterProvider: new MeterProvider({ readers: [reader] }) });
  const countReported = async () => {
    const { resourceMetrics } = await reader.collect();
    const gauge = resourceMetrics.scopeMetrics[0]?.metrics
      .find(({ descriptor: { name } }) => name === "m2m.token.remaining_lifetime");
    return gauge?.dataPoints.length ?? 0;
  };
  const use = async (count: number) => {
    const used = Array.from({ length: count }, (_, index) => {
      return authenticatorAt(tokenEndpointStub(), { onEvent, scopes: [`scope-${index}`] });
    });
    for (const each of used) await each.ready();
    console.log(await countReported());
    return used.map((each) => new WeakRef(each));
  };
  // More than are kept before those that are gone are looked for.
  const forgotten = await use(100);
  const { gc } = globalThis as unknown as { gc: () => void };
  for (let tries = 0; forgotten.some((each) => each.deref()) && tries < 200; tries++) {
    await setImmediate();
    gc();
  }
  console.log(await countReported());
}
