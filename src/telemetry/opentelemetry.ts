/**
 * Reports what happens to tokens as spans and metrics of OpenTelemetry.
 *
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { openTelemetry } from "@m2m/authenticator/telemetry/opentelemetry";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({
 *     tokenEndpoint: "https://auth.example.com/oauth/token",
 *     scopes: ["api:read"],
 *     audience: "https://api.example.com",
 *   }),
 *   onEvent: openTelemetry(),
 * });
 * const response = await authenticator.fetch("/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * Spans and metrics go to the providers that the program has registered with `@opentelemetry/api` (1.9 or later): those of
 * an SDK, of version 2 or 3, or Deno's own. To export them by OTLP, start the program so:
 *
 * ```sh
 * OTEL_DENO=true deno run --allow-env --allow-net main.ts
 * node --import @opentelemetry/auto-instrumentations-node/register main.ts
 * ```
 *
 * Names, units and attributes are stable; others may be added.
 *
 * ## Metrics
 *
 * | name | kind, unit | what | attributes besides the common ones |
 * |---|---|---|---|
 * | `m2m.token.requests` | counter, `{request}` | token requests that were sent | reason, background, outcome, error, status |
 * | `m2m.token.request.duration` | histogram, s | how long each of them took | the same |
 * | `m2m.token.failures` | counter, `{failure}` | failed attempts to get a token, also those that sent no request: no settings, no secret, refused a moment ago | reason, background, error, status |
 * | `m2m.token.wait.duration` | histogram, s | how long callers waited because there was no token to use at once | reason, outcome |
 * | `m2m.token.remaining_lifetime` | gauge, s | how long the token in use lives from now on, 0 when it has expired; of authenticators with the same attributes the shortest | |
 * | `m2m.token.rejections` | counter, `{rejection}` | tokens that the API rejected | `m2m.will_refresh` |
 * | `m2m.token.omissions` | counter, `{request}` | calls of `fetch` that were sent without the token | reason |
 * | `m2m.request.replays` | counter, `{request}` | rejected calls of `fetch` that were sent again with another token | `m2m.status_class` |
 * | `m2m.token_store.operations` | counter, `{operation}` | looks at a token store, and writes | outcome, error |
 *
 * ## Spans
 *
 * `m2m.token.request`, one for each token request, with the common attributes, reason, background, attempt, outcome, error
 * and status. Its kind is INTERNAL: the span of the network is that of the HTTP client's instrumentation, which is CLIENT,
 * and nothing counts twice. Both are children of the span that was active when the caller asked for a token. A background
 * refresh is a child of the call that started it, and may outlive it: the HTTP client's span is there in any case, and this
 * one says what it is for.
 *
 * ## Attributes
 *
 * | name | values |
 * |---|---|
 * | `server.address`, `server.port` | common: the API that the token is for, not the token endpoint; the port where it isn't the scheme's |
 * | `m2m.scopes`, `m2m.audience`, `m2m.resource` | common: what the options ask for, which tells derived authenticators apart; lists are sorted, with spaces between |
 * | `m2m.reason` | of requests, failures and waits `first`, `proactive`, `expired`, `rejected`, `forced`; of omissions `caller_header`, `other_origin`, `redirect` |
 * | `m2m.background` | whether no caller waited for it |
 * | `m2m.attempt` | of spans: the number of the attempt, from 1 |
 * | `m2m.outcome` | of requests `issued`, `failed`, or `repeated` (the server wanted another at once: a DPoP nonce, the other secret); of waits `token`, `error`, `aborted`; of a store `hit`, `miss`, `shared` (written), `bypassed` |
 * | `error.type` | the code of the `AuthenticationError`, `_OTHER` for what is none; of a store `timeout`, `error`, `backing_off`, `lease_held` |
 * | `http.response.status_code` | the token endpoint's status, of failures |
 * | `m2m.status_class` | the API's answer to the replay: `2xx`, `4xx`, … |
 * | `m2m.will_refresh` | whether the call is replayed with another token |
 *
 * None holds a secret, a token, the URL of a request or a text of a server. That isn't so of other instrumentation: the spans
 * that Deno makes of each request hold its whole URL with the query, that of the token endpoint too. Put nothing secret there.
 *
 * ## Prometheus and Grafana
 *
 * Dots become underscores, counters get `_total`, and by way of OTLP (Prometheus' own receiver, the Collector) units become
 * `_seconds`; JavaScript's Prometheus exporter leaves units out. So:
 *
 * ```text
 * sum by (error_type) (rate(m2m_token_requests_total{m2m_outcome="failed"}[5m]))
 * sum by (m2m_reason) (rate(m2m_token_requests_total[5m]))
 * histogram_quantile(0.99, sum by (le) (rate(m2m_token_wait_duration_seconds_bucket[5m])))
 * min by (server_address, m2m_scopes) (m2m_token_remaining_lifetime_seconds)
 * sum(rate(m2m_request_replays_total{m2m_status_class!="2xx"}[5m]))
 * ```
 *
 * A token is refreshed by use: that of an idle authenticator expires, which is no failure. An authenticator that is gone isn't
 * reported; but an SDK of JavaScript repeats a gauge's last values, unless the exporter's temporality is delta. workerd before
 * 2025 has no `WeakRef`, and reports no lifetimes; a program on Deno that ends within the first export interval neither.
 *
 * @module
 */

import { diag, type MeterProvider, metrics, trace, type TracerProvider } from "@opentelemetry/api";
import { checkFunction, throwInvalid } from "../arguments.ts";
import { type AuthenticatorDescription, type AuthenticatorEventListener, callQuietly } from "../events.ts";
import { describe } from "./attributes.ts";
import { scope } from "./instruments.ts";
import { EventRecorder } from "./event_recorder.ts";

/** A `TracerProvider` of any version of `@opentelemetry/api`. */
export interface TracerProviderLike {
  /** Gives the tracer of a library, which has `startSpan`. */
  getTracer(name: string): object;
}

/** A `MeterProvider` of any version of `@opentelemetry/api`. */
export interface MeterProviderLike {
  /** Gives the meter of a library, which has `createCounter`, `createHistogram` and `createObservableGauge`. */
  getMeter(name: string): object;
}

/** Attributes of spans and metrics, by name. */
export type TelemetryAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Options of {@linkcode openTelemetry}. */
export interface OpenTelemetryOptions {
  /** Makes the spans. What it throws goes to OpenTelemetry's `diag`, once. Default: the provider that is registered with `@opentelemetry/api` when a token is requested. */
  readonly tracerProvider?: TracerProviderLike | undefined;
  /** Makes the metrics. What it throws goes to OpenTelemetry's `diag`, once. Default: the provider that is registered with `@opentelemetry/api` at each event. */
  readonly meterProvider?: MeterProviderLike | undefined;
  /**
   * Adds attributes to all spans and metrics of an authenticator, or changes them; `undefined` drops one. Called once for
   * each. Every combination of values is a time series of its own: with thousands of audiences, drop `m2m.audience`.
   * What it throws goes to OpenTelemetry's `diag`. Default: none.
   */
  readonly attributes?: ((authenticator: AuthenticatorDescription) => TelemetryAttributes) | undefined;
  /** Receives all events as well. What it throws changes nothing. Default: none. */
  readonly onEvent?: AuthenticatorEventListener | undefined;
}

/**
 * Makes a listener that reports the events of authenticators to OpenTelemetry, as the module's documentation lists them.
 *
 * One listener may serve any number of authenticators, derived ones among them. `refreshing` by itself doesn't say which it
 * is: give each a listener of its own.
 *
 * @example Another listener, and one more attribute
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { openTelemetry } from "@m2m/authenticator/telemetry/opentelemetry";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 *   onEvent: openTelemetry({
 *     attributes: ({ clientId }) => ({ "m2m.client.id": clientId }),
 *     onEvent: (event) => console.log(event.type),
 *   }),
 * });
 * await authenticator.ready(); // token_requested, token_issued, token_awaited
 * ```
 *
 * @param options Providers, attributes, and another listener.
 * @returns A listener for the option `onEvent`.
 * @throws {TypeError} If an option can't be used.
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): AuthenticatorEventListener {
  const { tracerProvider, meterProvider, attributes, onEvent } = options;
  checkProvider("tracerProvider", tracerProvider, "getTracer", ["startSpan"]);
  checkProvider("meterProvider", meterProvider, "getMeter", [
    "createCounter",
    "createHistogram",
    "createObservableGauge",
  ]);
  checkFunction("attributes", attributes);
  checkFunction("onEvent", onEvent);
  const recorders = new WeakMap<AuthenticatorDescription, EventRecorder>();
  const nameless = new EventRecorder({});
  let hasThrown = false;

  function start(authenticator: AuthenticatorDescription): EventRecorder {
    let changes: TelemetryAttributes | undefined;
    try {
      changes = attributes?.(authenticator);
    } catch (error) {
      diag.error(`${scope}: attributes threw`, error);
    }
    const recorder = new EventRecorder(describe(authenticator, changes));
    recorders.set(authenticator, recorder);
    return recorder;
  }

  return (event, authenticator) => {
    if (onEvent) callQuietly((event) => onEvent(event, authenticator), event);
    const recorder = authenticator ? recorders.get(authenticator) ?? start(authenticator) : nameless;
    const meters = meterProvider as MeterProvider | undefined ?? metrics.getMeterProvider();
    try {
      recorder.record(event, meters, tracerProvider as TracerProvider | undefined ?? trace);
    } catch (error) {
      if (!hasThrown) diag.error(`${scope}: a provider threw`, error);
      hasThrown = true;
    }
  };
}

/** Checks a provider, and what it gives: listeners' errors change nothing, so a wrong one would never be noticed. */
function checkProvider(name: string, provider: unknown, method: string, needed: readonly string[]): void {
  if (provider === undefined) return;
  if (typeof Object(provider)[method] !== "function") {
    throwInvalid(name, `a provider of OpenTelemetry, which has ${method}()`, provider);
  }
  const given = Object((provider as Record<string, (name: string) => unknown>)[method]!(scope));
  const missing = needed.find((each) => typeof given[each] !== "function");
  if (missing) {
    throwInvalid(name, `a provider of OpenTelemetry, whose ${method}() returns what has ${missing}()`, provider);
  }
}
