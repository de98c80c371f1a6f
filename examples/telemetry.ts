/**
 * A script with spans and metrics of its tokens, by Deno's own OpenTelemetry: it prints the projects.
 *
 *     deno add jsr:@m2m/authenticator
 *     OTEL_DENO=true OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 \
 *       deno run --env-file --allow-env="M2M_*" --allow-net=api.example.com,auth.example.com telemetry.ts
 *
 * Environment: `M2M_ENDPOINT` (the API), `M2M_TOKEN_ENDPOINT`, `M2M_CLIENT_ID`, `M2M_CLIENT_SECRET`, and where the server
 * requires them `M2M_SCOPES` (space separated) and `M2M_AUDIENCE`. On Node, start an SDK of OpenTelemetry first.
 */
import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";
import { openTelemetry } from "@m2m/authenticator/telemetry/opentelemetry";

const authenticator = authenticatorFromEnv({ onEvent: openTelemetry() });

const response = await authenticator.fetch("/v1/projects");
if (!response.ok) throw new Error(`Cannot list the projects: the API answered ${response.status}`);
console.log(JSON.stringify(await response.json(), null, 2));
