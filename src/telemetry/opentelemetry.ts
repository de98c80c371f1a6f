/**
 * Spans and metrics by OpenTelemetry.
 *
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { openTelemetry } from "@m2m/authenticator/telemetry/opentelemetry";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 *   onEvent: openTelemetry(),
 * });
 * await authenticator.fetch("/v1/projects");
 * ```
 *
 * They go to the providers that the program has registered with `@opentelemetry/api`, from version 1.9 on: those of an
 * SDK, or, by `OTEL_DENO=true`, Deno's own. Names and units are stable; Prometheus' are in the last column.
 *
 * | metric                        | kind, unit       | counts or measures                                             | Prometheus |
 * | ----------------------------- | ---------------- | -------------------------------------------------------------- | ---------- |
 * | `m2m.token.requests`          | counter          | token requests that were sent: by reason, outcome, error       | `m2m_token_requests_total` |
 * | `m2m.token.request.duration`  | histogram, s     | how long each of them took: the same                           | `m2m_token_request_duration_seconds` |
 * | `m2m.token.failures`          | counter          | failed attempts to get a token, also those that sent no request (settings, a secret, a failure of a moment ago): by reason, error | `m2m_token_failures_total` |
 * | `m2m.token.wait.duration`     | histogram, s     | how long callers waited for a token: by reason, outcome        | `m2m_token_wait_duration_seconds` |
 * | `m2m.token.remaining_lifetime` | gauge, s        | how long the token lives from now on; 0 if it has expired      | `m2m_token_remaining_lifetime_seconds` |
 * | `m2m.token.rejections`        | counter          | tokens that the API rejected: by whether they are refreshed    | `m2m_token_rejections_total` |
 * | `m2m.token.omissions`         | counter          | requests that went out without the token: by reason            | `m2m_token_omissions_total` |
 * | `m2m.request.replays`         | counter          | rejected calls that were sent again: by class of the status    | `m2m_request_replays_total` |
 * | `m2m.token_store.operations`  | counter          | what came of a token store: by outcome, error                  | `m2m_token_store_operations_total` |
 *
 * TODO
 *
 * @module
 */

import { type Attributes, type MeterProvider, metrics, trace, type TracerProvider } from "@opentelemetry/api";
import { checkFunction, throwInvalid } from "../arguments.ts";
import { type AuthenticatorDescription, type AuthenticatorEventListener, callQuietly } from "../events.ts";
import { describe } from "./attributes.ts";
import { Watch } from "./watch.ts";

/** Options of {@linkcode openTelemetry}. */
export interface OpenTelemetryOptions {
  /** Makes the spans. Default: the provider that is registered with `@opentelemetry/api` when a token is requested. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** Makes the metrics. Default: the provider that is registered with `@opentelemetry/api` at each event. */
  readonly meterProvider?: MeterProvider | undefined;
  /**
   * Adds attributes to all spans and metrics of an authenticator, or changes them; `undefined` drops one. It is called
   * once for each. Each combination of values is a time series of its own: a few hundred are plenty. Default: none.
   */
  readonly attributes?: ((authenticator: AuthenticatorDescription) => Attributes) | undefined;
  /** Receives all events as well. What it throws changes nothing. Default: none. */
  readonly onEvent?: AuthenticatorEventListener | undefined;
}

/**
 * Reports an authenticator's events as spans and metrics; derived authenticators by themselves.
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
 * await authenticator.fetch("/v1/projects");
 * ```
 *
 * @param options Providers, attributes, and another listener.
 * @returns A listener for `onEvent`, of any number of authenticators.
 * @throws {TypeError} If an option can't be used.
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): AuthenticatorEventListener {
  const { tracerProvider, meterProvider, attributes, onEvent } = options;
  checkProvider("tracerProvider", tracerProvider, "getTracer");
  checkProvider("meterProvider", meterProvider, "getMeter");
  checkFunction("attributes", attributes);
  checkFunction("onEvent", onEvent);
  const watches = new WeakMap<AuthenticatorDescription, Watch>();

  function start(authenticator: AuthenticatorDescription): Watch {
    const watch = new Watch(describe(authenticator, attributes?.(authenticator)));
    watches.set(authenticator, watch);
    return watch;
  }

  return (event, authenticator) => {
    if (onEvent) callQuietly((event) => onEvent(event, authenticator), event);
    const watch = watches.get(authenticator) ?? start(authenticator);
    watch.record(event, meterProvider ?? metrics.getMeterProvider(), tracerProvider ?? trace);
  };
}

function checkProvider(name: string, provider: unknown, method: string): void {
  if (provider === undefined || typeof Object(provider)[method] === "function") return;
  throwInvalid(name, `a provider of OpenTelemetry, which has ${method}()`, provider);
}
