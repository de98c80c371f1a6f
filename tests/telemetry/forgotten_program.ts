/**
 * Prints how many authenticators a gauge reports: those of a program, and when they are gone. For Deno, Bun and Node, with
 * `gc`.
 *
 * @module
 */

import { AggregationTemporality, MeterProvider, MetricReader } from "npm:@opentelemetry/sdk-metrics@3.1.0";
import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { openTelemetry } from "@m2m/authenticator/telemetry/opentelemetry";
import { testServers } from "@m2m/authenticator/testing";
import { setImmediate } from "node:timers/promises";

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
      return new ClientCredentialsAuthenticator({ ...testServers().options, onEvent, scopes: [`scope-${index}`] });
    });
    for (const each of used) await each.ready();
    return await countReported();
  };
  // More than are kept before those that are gone are looked for.
  console.log(await use(100));
  const { gc } = globalThis as unknown as { gc: () => void };
  let reported = Infinity;
  // What is reported of one is collected after it.
  for (let tries = 0; reported > 0 && tries < 200; tries++) {
    await setImmediate();
    gc();
    await setImmediate();
    reported = await countReported();
  }
  console.log(reported);
}
