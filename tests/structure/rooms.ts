/**
 * The rooms of `src/`, from top to bottom, and what may be imported where.
 *
 * A room is a folder of `src/`, or a file directly in it.
 *
 * @module
 */

import { computed } from "./syntax.ts";

/** Modules import from floors below their own alone. Rooms on one floor don't import each other. */
const floors: readonly (readonly string[])[] = [
  ["cli"],
  ["adapters", "doctor", "step_up", "telemetry", "testing"],
  ["flyte", "workload"],
  ["env"],
  ["client_credentials", "grants"],
  ["grant_options"],
  ["authenticator"],
  ["derived"],
  ["authenticator_options"],
  ["token_store"],
  ["fapi2", "token_endpoint"],
  ["dpop"],
  ["client_metadata", "discovery"],
  ["secrets"],
  ["client_auth", "config_store"],
  ["jwt"],
  ["transport"],
  ["api_call"],
  ["refresh"],
  ["token_source"],
  ["credentials"],
  ["events"],
  ["http"],
  ["arguments", "clock", "errors", "printing"],
];

/** Rooms of implementations, which don't import each other; they share these files alone. */
const sharedFiles: Readonly<Record<string, readonly string[]>> = {
  adapters: [
    "abort_signals",
    "api_tokens",
    "bound_tokens",
    "grpc_interceptor",
    "send_with_token",
    "websocket_connection",
    "websocket_options",
  ],
  client_auth: ["assertion_claims", "assertion_parameters", "basic_authorization", "client_auth", "sign_assertion"],
  config_store: ["client_config_store", "overrides"],
  grants: ["assertion_exchange", "grant_options", "jwt_bearer_grant", "token_exchange_grant"],
  secrets: [],
  token_store: [
    "check_store",
    "indexed_database",
    "lease",
    "private_files",
    "private_folder",
    "redis_scripts",
    "share",
    "store_access",
    "store_key",
    "token_record",
    "token_store",
  ],
  workload: [
    "file_exists",
    "identity",
    "platform_request",
    "reused_jwt",
    "token_file",
    "unix_socket",
    "variables",
    "vercel_request",
    "web_identity_file",
    "workload_identity",
  ],
};

/** The modules that may import a package besides `@std/encoding`. */
const packages: Readonly<Record<string, readonly string[]>> = {
  "@opentelemetry/api": ["attributes", "event_recorder", "instruments", "lifetimes", "opentelemetry", "token_requests"]
    .map((file) => `src/telemetry/${file}.ts`),
  aws4fetch: ["src/workload/aws.ts"],
  jose: ["src/testing/json_web_tokens.ts"],
  "js-yaml": ["src/flyte/config_file.ts"],
};

/** Folders and files that may name runtimes, and import their modules. */
const runtimeSpecific: readonly string[] = [
  "src/adapters/amqp.ts",
  "src/transport/",
  "src/cli/",
  "src/doctor/",
  "src/env/environment.ts",
  "src/refresh/request_bound.ts",
  "src/refresh/unref_timer.ts",
  "src/secrets/secret_file.ts",
  "src/token_store/indexed_db.ts",
  "src/token_store/private_files.ts",
  "src/token_store/private_folder.ts",
  "src/workload/file_exists.ts",
  "src/workload/unix_socket.ts",
];

/** Whether this module may name a runtime. */
export function isRuntimeSpecific(path: string): boolean {
  return runtimeSpecific.some((place) => path === place || place.endsWith("/") && path.startsWith(place));
}

/** Returns the fault of this import, if it has one. `from` is a path within the repository. */
export function checkImport(from: string, specifier: string): string | undefined {
  const fault = specifier.startsWith(".")
    ? checkOwn(from, new URL(specifier, `file:///${from}`).pathname.slice(1))
    : checkForeign(from, specifier);
  return fault && `${from} imports "${specifier}": ${fault}`;
}

function checkForeign(from: string, specifier: string): string | undefined {
  if (/^@std\/encoding(\/|$)/.test(specifier) || isRuntimeSpecific(from)) return undefined;
  if (packages[specifier]?.includes(from)) return undefined;
  return specifier === computed
    ? "its target is computed; name the module"
    : "only runtime-specific modules import what isn't ours (runtimeSpecific in tests/structure/rooms.ts)";
}

function checkOwn(from: string, to: string): string | undefined {
  if (!to.startsWith("src/")) return "src/ imports nothing that lies outside";
  const [own, target] = [locate(from), locate(to)];
  for (const { room, floor } of [target, own]) {
    // mod.ts is in no room, and imports from all.
    if (floor < 0 && room !== "mod") return `"${room}" is no room; give it a floor in tests/structure/rooms.ts`;
  }
  if (own.room !== target.room) {
    if (target.floor > own.floor) return undefined;
    const where = target.floor < own.floor ? "above" : "beside";
    return `${target.room} is ${where} ${own.room}, and imports go downward only`;
  }
  const shared = sharedFiles[own.room];
  if (shared === undefined || shared.includes(own.file) || shared.includes(target.file)) return undefined;
  return `implementations don't import each other; what they share is in sharedFiles in tests/structure/rooms.ts`;
}

function locate(path: string): { room: string; floor: number; file: string } {
  const parts = path.replace(/^src\/|\.ts$/g, "").split("/");
  const room = parts[0]!;
  return { room, floor: floors.findIndex((rooms) => rooms.includes(room)), file: parts.at(-1)! };
}
