/** The demo's arguments. @module */

import { parseArgs } from "node:util";

/** Wrong arguments; the message names the right ones. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The user's own authorization server, and the API behind it. */
export interface ForeignServer {
  readonly at: { readonly issuer: URL } | { readonly tokenEndpoint: URL };
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly audience?: string;
  readonly endpoint?: URL;
}

export type Command =
  | { readonly command: "help" }
  | { readonly command: "serve" }
  | { readonly command: "show"; readonly server?: ForeignServer };

const options = {
  "help": { type: "boolean", short: "h" },
  "serve": { type: "boolean" },
  "issuer": { type: "string" },
  "token-endpoint": { type: "string" },
  "client-id": { type: "string" },
  "scopes": { type: "string" },
  "audience": { type: "string" },
  "endpoint": { type: "string" },
} as const;

/** Throws {@linkcode UsageError}. */
export function parseArguments(args: readonly string[]): Command {
  if (args.some((arg) => /^--client-secret(=|$)/.test(arg))) {
    throw new UsageError(
      "Cannot take the secret from an argument: others on this machine can read it, and the shell keeps it.\nSet M2M_CLIENT_SECRET in the environment, or in a .env file here.",
    );
  }
  const values = readOptions(args);
  if (values.help) return { command: "help" };
  const given = Object.keys(values);
  if (values.serve) {
    if (given.length > 1) {
      throw new UsageError("Cannot combine --serve with other options: it starts the demo's own two servers.");
    }
    return { command: "serve" };
  }
  return given.length === 0 ? { command: "show" } : { command: "show", server: foreignServer(values) };
}

function readOptions(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function foreignServer(values: ReturnType<typeof readOptions>): ForeignServer {
  const { issuer, "token-endpoint": tokenEndpoint, "client-id": clientId, scopes, audience, endpoint } = values;
  if ((issuer === undefined) === (tokenEndpoint === undefined)) {
    throw new UsageError(
      issuer === undefined
        ? "Cannot start: the authorization server is missing. Add --issuer URL or --token-endpoint URL."
        : "Cannot combine --issuer and --token-endpoint: give one, not both.",
    );
  }
  if (!clientId) throw new UsageError("Cannot start: the client is missing. Add --client-id ID.");
  return {
    at: issuer !== undefined
      ? { issuer: url("--issuer", issuer) }
      : { tokenEndpoint: url("--token-endpoint", tokenEndpoint) },
    clientId,
    scopes: scopes?.split(/\s+/).filter(Boolean) ?? [],
    ...(audience && { audience }),
    ...(endpoint !== undefined && { endpoint: url("--endpoint", endpoint) }),
  };
}

function url(option: string, value = ""): URL {
  const parsed = URL.parse(value);
  if (parsed?.protocol !== "https:" && parsed?.protocol !== "http:") {
    throw new UsageError(`${option} must be an absolute URL, such as https://auth.example.com.`);
  }
  if (parsed.username || parsed.password) {
    throw new UsageError(`${option} must not have a user name or password.`);
  }
  return parsed;
}
