/** A program without an SDK: Deno's own exporter is switched on from outside. @module */

import { metrics, trace } from "npm:@opentelemetry/api@1.10.0";
import { openTelemetry } from "@m2m/authenticator/telemetry/opentelemetry";
import process from "node:process";
import { useAuthenticators } from "./use.ts";

if (import.meta.main) {
  const used = await useAuthenticators(JSON.parse(process.argv[2]!), trace.getTracer("the program"), openTelemetry());
  // Deno asks gauges at each interval alone, and not at the end of the program. The second time the first was sent.
  await new Promise<void>((resolve) => {
    let times = 0;
    metrics.getMeter("the program").createObservableGauge("times").addCallback(() => {
      if (++times > 1) resolve();
    });
  });
  await used[Symbol.asyncDispose]();
}
