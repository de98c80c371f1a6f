#!/usr/bin/env bash
# OpenTelemetry's SDK for JavaScript 2.12 and 3.1: an observable gauge is never rid of attributes that it no longer reports.
#
# By the specification (metrics SDK, "Asynchronous instrument callback") there should be no data point for a set of
# attributes that a successful callback hasn't observed: a connection that was closed, a tenant that is gone. With
# cumulative temporality, the default of the OTLP and Prometheus exporters, the SDK repeats the last value at every
# collection, as long as the process lives. With delta temporality, which changes nothing else of a gauge, it is gone.
#
# Seen, after the callback has stopped to report "gone": "cumulative: gone stays", "delta: stays". Fails if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix "$folder" node@24.21.0 @opentelemetry/api@1.9.1 \
  @opentelemetry/sdk-metrics@2.12.0
mkdir newer
npm install --silent --no-fund --no-audit --prefix "$folder/newer" @opentelemetry/api@1.10.0 \
  @opentelemetry/sdk-metrics@3.1.0
cat > program.mjs <<'PROGRAM'
import { AggregationTemporality, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
class Reader extends MetricReader {
  onForceFlush() {}
  onShutdown() {}
}
for (const temporality of ["CUMULATIVE", "DELTA"]) {
  const reader = new Reader({ aggregationTemporalitySelector: () => AggregationTemporality[temporality] });
  let names = ["gone", "stays"];
  new MeterProvider({ readers: [reader] }).getMeter("finding").createObservableGauge("gauge")
    .addCallback((result) => names.forEach((name) => result.observe(1, { name })));
  await reader.collect();
  names = ["stays"];
  const { resourceMetrics } = await reader.collect();
  const { dataPoints } = resourceMetrics.scopeMetrics[0].metrics[0];
  console.log(`${temporality.toLowerCase()}: ${dataPoints.map(({ attributes }) => attributes.name).join(" ")}`);
}
PROGRAM
cp program.mjs newer
node=./node_modules/.bin/node
"$node" --version
expected="cumulative: gone stays
delta: stays"
for place in . newer; do
  grep --max-count=1 '"version"' "$place/node_modules/@opentelemetry/sdk-metrics/package.json"
  seen=$("$node" "$place/program.mjs")
  echo "$seen"
  [ "$seen" = "$expected" ] || { echo "changed; expected: $expected"; exit 1; }
done
