/**
 * The rooms of `src/`, from the top of the house to its cellar, and what may be imported where.
 *
 * A room is a folder of `src/`, or a file that stands in none.
 *
 * @module
 */

import { computed } from "./syntax.ts";

/**
 * A module imports only from floors below its own: what is told always goes the same way. Rooms on one floor don't
 * know each other.
 */
const floors: readonly (readonly string[])[] = [
  ["cli", "telemetry", "testing"],
  ["flyte"],
  ["env"],
  ["client_credentials", "grants"],
  ["grant_options"],
  ["authenticator"],
  ["derived"],
  ["authenticator_options"],
  ["token_endpoint", "token_store", "workload"],
  ["dpop"],
  ["discovery"],
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

/** Rooms full of implementations, which don't know each other: siblings share only the files named here. */
const sharedFiles: Readonly<Record<string, readonly string[]>> = {
  client_auth: [
    "assertion_claims.ts",
    "assertion_parameters.ts",
    "basic_authorization.ts",
    "client_auth.ts",
    "sign_assertion.ts",
  ],
  config_store: ["client_config_store.ts", "overrides.ts"],
  grants: ["grant_options.ts", "token_exchange_grant.ts"],
  secrets: [],
  token_store: ["token_store.ts"],
};

/** Packages every room may import. Whatever else isn't ours belongs to a runtime, or to a vendor. */
const packagesForAll = /^@std\/encoding(\/|$)/;

/** Packages that belong to exports of their own, and the modules that may import them. */
const packagesForSome: Readonly<Record<string, readonly string[]>> = {
  jose: ["src/client_auth/sign_assertion.ts", "src/dpop/key_pair.ts", "src/dpop/proof.ts"],
  "js-yaml": ["src/flyte/config_file.ts"],
};

/**
 * Where the names of runtimes and their own modules may stand: folders, and single files that exist for one
 * runtime. Nothing else in `src/` knows what it runs on.
 */
const runtimeSpecific: readonly string[] = [
  "src/transport/",
  "src/cli/",
  "src/env/environment.ts",
  "src/refresh/request_bound.ts",
  "src/secrets/secret_file.ts",
];

/** Whether this module may know what it runs on. */
export function isRuntimeSpecific(path: string): boolean {
  return runtimeSpecific.some((place) => path === place || place.endsWith("/") && path.startsWith(place));
}

/** What is wrong with this import, if anything is. `from` is a path within the repository. */
export function judgeImport(from: string, specifier: string): string | undefined {
  const fault = specifier.startsWith(".")
    ? judgeOwn(from, new URL(specifier, `file:///${from}`).pathname.slice(1))
    : judgeForeign(from, specifier);
  return fault && `${from} imports "${specifier}": ${fault}`;
}

function judgeForeign(from: string, specifier: string): string | undefined {
  if (packagesForAll.test(specifier) || isRuntimeSpecific(from)) return undefined;
  if (packagesForSome[specifier]?.includes(from)) return undefined;
  return specifier === computed
    ? "nobody can see where this goes; name the module"
    : "only runtime-specific modules import what isn't ours (runtimeSpecific in tests/structure/rooms.ts)";
}

function judgeOwn(from: string, to: string): string | undefined {
  if (!to.startsWith("src/")) return "src/ imports nothing that lies outside";
  const target = floorOf(to);
  if (target === undefined) return unknownRoom(to);
  // The front door opens on every room.
  if (!from.startsWith("src/")) return undefined;
  const own = floorOf(from);
  if (own === undefined) return unknownRoom(from);
  if (roomOf(from) === roomOf(to)) return judgeSibling(from, to);
  if (target > own) return undefined;
  return `${roomOf(to)} is ${target < own ? "above" : "beside"} ${roomOf(from)}, and imports go downward only`;
}

function judgeSibling(from: string, to: string): string | undefined {
  const shared = sharedFiles[roomOf(to)];
  if (shared === undefined || shared.includes(fileOf(from)) || shared.includes(fileOf(to))) return undefined;
  return `implementations don't know each other; what ${
    roomOf(to)
  } shares is in sharedFiles in tests/structure/rooms.ts`;
}

function unknownRoom(path: string): string {
  return `nobody knows the room "${roomOf(path)}"; give it a place among the floors in tests/structure/rooms.ts`;
}

function floorOf(path: string): number | undefined {
  const floor = floors.findIndex((rooms) => rooms.includes(roomOf(path)));
  return floor < 0 ? undefined : floor;
}

function roomOf(path: string): string {
  return path.split("/")[1]!.replace(/\.ts$/, "");
}

function fileOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
