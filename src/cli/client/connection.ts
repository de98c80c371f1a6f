/**
 * How requests are sent, and shown with `--verbose`.
 *
 * @module
 */

import { chooseTransport } from "../../authenticator_options.ts";
import type { Fetch } from "../../http/fetch.ts";
import type { TransportOptions } from "../../transport/transport.ts";
import type { Invocation } from "../invocation.ts";
import type { Settings } from "../settings/settings.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { UsageError } from "../usage_error.ts";

type Connection = TransportOptions & { readonly fetch?: Fetch };

/** Makes the options of a connection. */
export async function openConnection(settings: Settings, { values, terminal }: Invocation): Promise<Connection> {
  const { httpProxyUrl, caFile, insecureSkipVerify, certificate, certificateKey } = settings;
  if ((certificate === undefined) !== (certificateKey === undefined)) {
    throw new UsageError("--certificate and --certificate-key belong together: pass both.");
  }
  const options: TransportOptions = {
    ...httpProxyUrl !== undefined && { httpProxyUrl },
    // A certificate authority that is named must not be ignored.
    ...caFile !== undefined ? { verify: caFile, verifyName: "--ca-file" } : insecureSkipVerify ? { verify: false } : {},
    ...certificate && certificateKey && { clientCertificate: { cert: certificate, key: certificateKey } },
  };
  // There it is Deno's own transport that takes `verify: false`.
  const isUnverifiedDeno = options.verify === false && navigator.userAgent.startsWith("Deno/");
  if (!values["verbose"] && !isUnverifiedDeno) return options;
  const transport = isUnverifiedDeno
    ? (await import("../../transport/deno.ts")).denoTransport(options)
    : chooseTransport(options);
  const fetch = transport?.fetch ?? globalThis.fetch;
  return { fetch: values["verbose"] ? showRequests(fetch, terminal) : fetch };
}

/** Shows each request and its answer: method, URL without query, names of form parameters, status. No values. */
function showRequests(fetch: Fetch, terminal: Terminal): Fetch {
  return async (input, init) => {
    const request = input instanceof Request ? input : undefined;
    const url = new URL(request?.url ?? String(input));
    const names = typeof init?.body === "string" && isForm(init) ? [...new URLSearchParams(init.body).keys()] : [];
    const form = names.length > 0 ? ` (${[...new Set(names)].join(", ")})` : "";
    const line = `${init?.method ?? request?.method ?? "GET"} ${url.origin}${url.pathname}${url.search && "?…"}${form}`;
    const start = performance.now();
    const show = (outcome: string) =>
      terminal.writeError(`${clean(line)}: ${outcome}, ${Math.round(performance.now() - start)} ms\n`);
    try {
      const response = await fetch(input, init);
      show(String(response.status));
      return response;
    } catch (error) {
      show("no answer");
      throw error;
    }
  };
}

function isForm({ headers }: RequestInit): boolean {
  return new Headers(headers).get("content-type")?.includes("form-urlencoded") ?? false;
}

/** Names come from the settings, paths from servers' redirects. */
function clean(text: string): string {
  return text.replace(/[^\x20-\x7e…]/g, "?").slice(0, 500);
}
