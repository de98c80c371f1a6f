/**
 * A program with OpenTelemetry's own SDK, which exports by OTLP over HTTP. For Deno, Bun and Node.
 *
 * @module
 */

import { context, metrics, trace } from "npm:@opentelemetry/api@1.10.0";
import { AsyncLocalStorageContextManager } from "npm:@opentelemetry/context-async-hooks@3.1.0";
import { OTLPMetricExporter } from "npm:@opentelemetry/exporter-metrics-otlp-http@0.301.0";
import { OTLPTraceExporter } from "npm:@opentelemetry/exporter-trace-otlp-http@0.301.0";
import { MeterProvider, PeriodicExportingMetricReader } from "npm:@opentelemetry/sdk-metrics@3.1.0";
import { BatchSpanProcessor, TracerProvider } from "npm:@opentelemetry/sdk-trace@3.1.0";
import { openTelemetry } from "@m2m/authenticator/telemetry/opentelemetry";
import process from "node:process";
import { useAuthenticators } from "./use.ts";

if (import.meta.main) {
  const [collector, place] = process.argv.slice(2);
  const metricExporter = new OTLPMetricExporter({ url: `${collector}/v1/metrics` });
  const meterProvider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter: metricExporter })],
  });
  const exporter = new OTLPTraceExporter({ url: `${collector}/v1/traces` });
  const tracerProvider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);

  const used = await useAuthenticators(JSON.parse(place!), trace.getTracer("the program"), openTelemetry());
  await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
  await used[Symbol.asyncDispose]();
}
