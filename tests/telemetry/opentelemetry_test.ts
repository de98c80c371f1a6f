/** What becomes of each event, by the SDKs of both major versions. */

import { diag, metrics as globalMetrics, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { assertEquals, assertThrows } from "@std/assert";
import type { AuthenticatorDescription, AuthenticatorEvent } from "@m2m/authenticator";
import { openTelemetry, type OpenTelemetryOptions } from "@m2m/authenticator/telemetry/opentelemetry";
import { PrometheusSerializer } from "npm:@opentelemetry/exporter-prometheus@0.223.0";
import { MeterProvider, MetricReader } from "npm:@opentelemetry/sdk-metrics@2.12.0";
import { BasicTracerProvider, type ReadableSpan } from "npm:@opentelemetry/sdk-trace-base@2.12.1";

/** A reader that is asked by hand. */
class Reader extends MetricReader {
  protected override onForceFlush = () => Promise.resolve();
  protected override onShutdown = () => Promise.resolve();
}

/** Providers of an SDK, and what they were told. */
function observe() {
  const spans: ReadableSpan[] = [];
  const none = () => Promise.resolve();
  const processor = { onStart() {}, onEnd: (span: ReadableSpan) => spans.push(span), forceFlush: none, shutdown: none };
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [processor] });
  const reader = new Reader();
  const meterProvider = new MeterProvider({ readers: [reader] });
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  return {
    tracerProvider,
    meterProvider,
    /** The spans that have ended. */
    spans: () => spans.map(({ name, kind, status, attributes }) => ({ name, kind, status, attributes })),
    /** The metrics as Prometheus gets them: counters, numbers of measurements, and lifetimes in whole seconds. */
    metrics: async () => {
      const { resourceMetrics } = await reader.collect();
      return serializer.serialize(resourceMetrics).split("\n")
        .filter((line) => /^m2m/.test(line) && !/_(bucket|sum)\{/.test(line))
        .map((line) => line.replace(/[\d.]+$/, (value) => String(Math.ceil(Number(value)))));
    },
  };
}

const api = { endpoint: "https://api.test:8443", clientId: "my-client" };
const first = { reason: "first", attempt: 1, background: false } as const;
const second = { reason: "proactive", attempt: 2, background: true } as const;
const refusal = { code: "token_request_rejected", status: 401 } as const;
const failed = { type: "token_request_failed", duration: 5, retryDelay: 1, ...refusal } as const;
const issued = { type: "token_issued", duration: 5, remainingLifetime: 60_000 } as const;

/** Labels that all metrics have. */
const common = 'server_address="api.test",server_port="8443"';
const ofFirst = `${common},m2m_reason="first",m2m_background="false"`;
const ofSecond = `${common},m2m_reason="proactive",m2m_background="true"`;
const ofError = 'error_type="token_request_rejected",http_response_status_code="401"';

type Case = readonly [title: string, events: readonly AuthenticatorEvent[], metrics: readonly string[]];

/** Events, and the metrics that come of them: names without `m2m_`. */
const cases: readonly Case[] = [
  ["a token request that is answered", [{ type: "token_requested", ...first }, { ...issued, ...first }], [
    `token_requests_total{${ofFirst},m2m_outcome="issued"} 1`,
    `token_request_duration_count{${ofFirst},m2m_outcome="issued"} 1`,
    `token_remaining_lifetime{${common}} 60`,
  ]],
  ["one that fails", [{ type: "token_requested", ...second }, { ...failed, ...second }], [
    `token_requests_total{${ofSecond},m2m_outcome="failed",${ofError}} 1`,
    `token_request_duration_count{${ofSecond},m2m_outcome="failed",${ofError}} 1`,
    `token_failures_total{${ofSecond},${ofError}} 1`,
  ]],
  ["an attempt that sends none", [{ ...failed, ...first, code: undefined, status: undefined }], [
    `token_failures_total{${ofFirst},error_type="_OTHER"} 1`,
  ]],
  ["one that sends two", [
    { type: "token_requested", ...first },
    { type: "token_requested", ...first },
    { ...issued, ...first },
  ], [
    ...["repeated", "issued"].flatMap((outcome) => [
      `token_requests_total{${ofFirst},m2m_outcome="${outcome}"} 1`,
      `token_request_duration_count{${ofFirst},m2m_outcome="${outcome}"} 1`,
    ]),
    `token_remaining_lifetime{${common}} 60`,
  ]],
  ["callers' waits", [
    { type: "token_awaited", reason: "expired", duration: 1_500, outcome: "aborted" },
  ], [`token_wait_duration_count{${common},m2m_reason="expired",m2m_outcome="aborted"} 1`]],
  ["the lifetime of the token in use", [
    { type: "token_reused", remainingLifetime: 2_000 },
    { type: "token_rejected", remainingLifetime: 1_000, willRefresh: false },
  ], [
    `token_rejections_total{${common},m2m_will_refresh="false"} 1`,
    `token_remaining_lifetime{${common}} 2`,
  ]],
  ["an expired one", [{ type: "token_reused", remainingLifetime: -1 }], [`token_remaining_lifetime{${common}} 0`]],
  ["replays", [200, 204, 401].map((status) => ({ type: "request_replayed", status })), [
    `request_replays_total{${common},m2m_status_class="2xx"} 2`,
    `request_replays_total{${common},m2m_status_class="4xx"} 1`,
  ]],
  ["requests without the token", [{ type: "token_omitted", reason: "redirect" }], [
    `token_omissions_total{${common},m2m_reason="redirect"} 1`,
  ]],
  ["a token store", [
    { type: "token_store_hit", duration: 1, remainingLifetime: 3_000 },
    { type: "token_store_miss", duration: 1 },
    { type: "token_shared", duration: 1, remainingLifetime: 3_000 },
    { type: "token_store_bypassed", duration: 1, failure: "timeout" },
  ], [
    `token_store_operations_total{${common},m2m_outcome="hit"} 1`,
    `token_store_operations_total{${common},m2m_outcome="miss"} 1`,
    `token_store_operations_total{${common},m2m_outcome="shared"} 1`,
    `token_store_operations_total{${common},m2m_outcome="bypassed",error_type="timeout"} 1`,
    `token_remaining_lifetime{${common}} 3`,
  ]],
  ["others", [{ type: "endpoint_path_ignored" }, { type: "token_lease_awaited", duration: 1 }], []],
];
for (const [title, events, expected] of cases) {
  Deno.test(`openTelemetry: metrics of ${title}`, async () => {
    const { metrics, tracerProvider, meterProvider } = observe();
    const listener = openTelemetry({ tracerProvider, meterProvider });
    for (const event of events) listener(event, api);

    assertEquals((await metrics()).sort(), expected.map((line) => `m2m_${line}`).sort());
  });
}

Deno.test("openTelemetry: a span for each token request, which ends with its outcome", () => {
  const { spans, tracerProvider } = observe();
  const listener = openTelemetry({ tracerProvider });
  for (const [, events] of cases.slice(0, 4)) events.forEach((event) => listener(event, api));

  const attributes = ({ reason, attempt, background }: typeof first | typeof second) => ({
    "server.address": "api.test",
    "server.port": 8443,
    "m2m.reason": reason,
    "m2m.attempt": attempt,
    "m2m.background": background,
  });
  const common = { name: "m2m.token.request", kind: SpanKind.INTERNAL };
  const span = (attributes: object, code: SpanStatusCode) => ({ ...common, status: { code }, attributes });
  assertEquals<unknown>(spans(), [
    span({ ...attributes(first), "m2m.outcome": "issued" }, SpanStatusCode.UNSET),
    span({
      ...attributes(second),
      "m2m.outcome": "failed",
      "error.type": "token_request_rejected",
      "http.response.status_code": 401,
    }, SpanStatusCode.ERROR),
    span({ ...attributes(first), "m2m.outcome": "repeated" }, SpanStatusCode.UNSET),
    span({ ...attributes(first), "m2m.outcome": "issued" }, SpanStatusCode.UNSET),
  ]);
});

Deno.test("openTelemetry: authenticators are told apart; of those alike the shortest lifetime counts", async () => {
  const { metrics, meterProvider } = observe();
  const endpoint = "https://[::1]";
  const authenticators: readonly (readonly [AuthenticatorDescription, lifetime: number])[] = [
    [{ endpoint, scopes: ["write", "read"] }, 3],
    [{ endpoint, scopes: ["read", "write"] }, 2],
    [{ endpoint, scopes: [] }, 4],
    [{ endpoint, audience: "https://a.test", resource: ["urn:b", "urn:a"] }, 5],
  ];
  // Each with a listener of its own: a provider asks one gauge for all.
  for (const [authenticator, seconds] of authenticators) {
    openTelemetry({ meterProvider })({ type: "token_reused", remainingLifetime: seconds * 1_000 }, authenticator);
  }
  const address = 'server_address="[::1]"';
  assertEquals((await metrics()).sort(), [
    `m2m_token_remaining_lifetime{${address},m2m_audience="https://a.test",m2m_resource="urn:a urn:b"} 5`,
    `m2m_token_remaining_lifetime{${address},m2m_scopes="read write"} 2`,
    `m2m_token_remaining_lifetime{${address}} 4`,
  ]);
});

Deno.test("openTelemetry: options add attributes or drop them, and call another listener", async () => {
  const { metrics, meterProvider } = observe();
  const told: unknown[] = [];
  const listener = openTelemetry({
    meterProvider,
    attributes: ({ clientId }) => ({ "m2m.client.id": clientId, "server.port": undefined }),
    onEvent: (...received) => {
      told.push(received);
      throw new Error("the other listener's own");
    },
  });
  const event = { type: "token_omitted", reason: "other_origin" } as const;
  listener(event, api);

  const labels = 'server_address="api.test",m2m_client_id="my-client",m2m_reason="other_origin"';
  assertEquals(await metrics(), [`m2m_token_omissions_total{${labels}} 1`]);
  assertEquals(told, [[event, api]]);
});

/** What makes openTelemetry report an error, by what it throws. */
const faults: Readonly<Record<string, (fail: () => never) => OpenTelemetryOptions>> = {
  "attributes threw": (attributes) => ({ attributes }),
  "a provider threw": (startSpan) => ({ tracerProvider: { getTracer: () => ({ startSpan }) } }),
};
for (const [message, makeOptions] of Object.entries(faults)) {
  Deno.test(`openTelemetry: reports once that ${message}, and measures as usual`, async () => {
    const { metrics, meterProvider } = observe();
    const errors: unknown[] = [];
    const report = (...error: unknown[]) => errors.push(error);
    diag.setLogger({ error: report, warn: report, info() {}, debug() {}, verbose() {} }, {
      suppressOverrideMessage: true,
    });
    try {
      const error = new Error("the option's own");
      const fail = () => {
        throw error;
      };
      const listener = openTelemetry({ meterProvider, ...makeOptions(fail) });
      for (let count = 0; count < 2; count++) {
        listener({ type: "token_omitted", reason: "redirect" }, api);
        listener({ type: "token_requested", ...first }, api);
      }

      const [omissions] = (await metrics()).filter((line) => line.includes("omissions"));
      assertEquals(omissions, `m2m_token_omissions_total{${common},m2m_reason="redirect"} 2`);
      assertEquals(errors, [[`@m2m/authenticator: ${message}`, error]]);
    } finally {
      diag.disable();
    }
  });
}

Deno.test("openTelemetry: without a description events are reported without attributes", async () => {
  const { metrics, meterProvider } = observe();
  openTelemetry({ meterProvider })({ type: "token_omitted", reason: "redirect" });
  assertEquals(await metrics(), ['m2m_token_omissions_total{m2m_reason="redirect"} 1']);
});

Deno.test("openTelemetry: a provider that is registered later counts from then on", async () => {
  const listener = openTelemetry();
  listener({ type: "token_reused", remainingLifetime: 1_000 }, api);
  const { metrics, meterProvider, spans, tracerProvider } = observe();
  try {
    globalMetrics.setGlobalMeterProvider(meterProvider);
    trace.setGlobalTracerProvider(tracerProvider);
    for (const event of cases[0]![1]) listener(event, api);

    assertEquals((await metrics()).length, 3);
    assertEquals(spans().length, 1);
  } finally {
    globalMetrics.disable();
    trace.disable();
  }
});

Deno.test("openTelemetry: refuses what can't be used", () => {
  for (const name of ["tracerProvider", "meterProvider", "attributes", "onEvent"] as const) {
    const error = assertThrows(() => openTelemetry({ [name]: 5 } as OpenTelemetryOptions), TypeError);
    assertEquals(error.message.split(" must be ")[0], name);
  }
  assertThrows(() => openTelemetry({ meterProvider: { getMeter: () => ({}) } }), TypeError, "has createCounter()");
  assertThrows(() => openTelemetry({ tracerProvider: { getTracer: () => ({}) } }), TypeError, "has startSpan()");
});
