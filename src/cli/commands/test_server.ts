/**
 * `m2m test-server`: an authorization server and an API for tests, whatever the client is written in.
 *
 * @module
 */

import { testServers } from "../../testing/test_servers.ts";
import type { Invocation } from "../invocation.ts";
import { restoreAtSignal } from "../terminal/interrupts.ts";
import { serveOnLoopback } from "../test_server/serve.ts";
import { UsageError } from "../usage_error.ts";

/** Runs the command, until a signal ends it. */
export async function runTestServer({ values, positionals, terminal }: Invocation): Promise<number> {
  if (positionals.length > 0) throw new UsageError("test-server takes no arguments, but options.");
  const port = readNumber(values["port"] ?? "0", "--port must be a port: 0 to 65535.", (it) => it >= 0 && it < 65_536);
  const seconds = readNumber(
    values["lifetime"] ?? "3600",
    "--lifetime must be a number of seconds, 1 to 86400.",
    (it) => it >= 1 && it <= 86_400,
  );
  const tokens = values["jwt"] ? "jwt" : "opaque";
  let settings = {};
  await serveOnLoopback(port, (origin) => {
    // Nothing reads requests: those of the last moments are enough for a debugger.
    const options = { issuer: origin, endpoint: origin, lifetime: seconds * 1_000, tokens, maxRequests: 100 } as const;
    const kit = testServers(options);
    const { endpoint, clientId, clientSecret } = kit.options;
    const { issuer, tokenEndpoint } = kit.authorizationServer;
    settings = { endpoint, issuer, token_endpoint: tokenEndpoint, client_id: clientId, client_secret: clientSecret };
    return async (request) => {
      const response = await kit.fetch(request);
      terminal.writeError(`${request.method} ${new URL(request.url).pathname} → ${response.status}\n`);
      return response;
    };
  });
  await terminal.writeOutput(
    values["json"] ? `${JSON.stringify(settings)}\n` : Object.entries(settings)
      .map(([name, value]) => `M2M_${name.toUpperCase()}=${value}\n`).join(""),
  );
  // Ctrl-C ends it, and so does a container's SIGTERM.
  restoreAtSignal(() => {});
  return await new Promise(() => {});
}

function readNumber(given: unknown, must: string, isAllowed: (value: number) => boolean): number {
  const value = Number(given);
  if (!Number.isInteger(value) || !isAllowed(value)) throw new UsageError(must);
  return value;
}
