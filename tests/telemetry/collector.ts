/**
 * A collector of OpenTelemetry on loopback, which takes OTLP over HTTP as JSON.
 *
 * @module
 */

import { serve } from "../servers/loopback.ts";

type Attributes = Readonly<Record<string, unknown>>;
type KeyValue = { readonly key: string; readonly value: Readonly<Record<string, unknown>> };
type DataPoint = { attributes?: KeyValue[]; asDouble?: number; asInt?: number; count?: number };
type Metric =
  & { name: string; unit: string }
  & Partial<Record<"sum" | "gauge" | "histogram", { dataPoints: DataPoint[] }>>;
type Scoped<T extends string, Item> = { scope: { name: string } } & Record<T, Item[]>;

/** A span, as far as tests look at it. */
export interface CollectedSpan {
  readonly scope: string;
  readonly name: string;
  /** 1: internal, 3: client. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: Attributes;
  /** 2: error. */
  readonly status: { readonly code?: number };
}

/** One value of a metric, by its attributes; of a histogram, the number of measurements. */
export interface CollectedPoint {
  readonly scope: string;
  readonly name: string;
  readonly unit: string;
  readonly attributes: Attributes;
  readonly value: number;
}

/** Starts it. */
export function startCollector() {
  const texts: string[] = [];
  const spans: CollectedSpan[] = [];
  // Values count from the start: the last one is the sum.
  const points = new Map<string, CollectedPoint>();
  const server = serve(async (request) => {
    texts.push(await request.text());
    const { resourceSpans = [], resourceMetrics = [] } = JSON.parse(texts.at(-1)!);
    for (const { scopeSpans } of resourceSpans) {
      for (
        const { scope, spans: found } of scopeSpans as Scoped<"spans", CollectedSpan & { attributes: KeyValue[] }>[]
      ) {
        for (const span of found) {
          spans.push({ ...span, scope: scope.name, attributes: readAttributes(span.attributes) });
        }
      }
    }
    for (const { scopeMetrics } of resourceMetrics) {
      for (const { scope, metrics } of scopeMetrics as Scoped<"metrics", Metric>[]) {
        for (const point of metrics.flatMap((metric) => readPoints(scope.name, metric))) {
          points.set(JSON.stringify([point.name, Object.entries(point.attributes).sort()]), point);
        }
      }
    }
    return Response.json({});
  });
  return {
    ...server,
    spans: spans as readonly CollectedSpan[],
    points: () => Array.from(points.values()),
    /** All that was sent. */
    text: () => texts.join("\n"),
  };
}

function readPoints(scope: string, { name, unit, sum, gauge, histogram }: Metric): CollectedPoint[] {
  return (sum ?? gauge ?? histogram)!.dataPoints.map(({ attributes, asDouble, asInt, count }) => {
    return { scope, name, unit, attributes: readAttributes(attributes), value: Number(asDouble ?? asInt ?? count) };
  });
}

function readAttributes(list: readonly KeyValue[] = []): Attributes {
  return Object.fromEntries(list.map(({ key, value }) => {
    const { intValue, doubleValue = intValue, stringValue, boolValue } = value;
    return [key, stringValue ?? boolValue ?? Number(doubleValue)];
  }));
}
