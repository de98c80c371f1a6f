/**
 * `m2m fetch`: calls the API.
 *
 * @module
 */

import { once } from "node:events";
import { createWriteStream, openAsBlob, statSync } from "node:fs";
import { finished } from "node:stream/promises";
import { parseUrl } from "../../arguments.ts";
import { isDenied } from "../../http/network_errors.ts";
import { openCachedToken } from "../cache/cached_token.ts";
import { openAuthenticator } from "../client/open_authenticator.ts";
import { exitCodes } from "../exit_codes.ts";
import { explainUnreachable } from "../failures.ts";
import type { Invocation } from "../invocation.ts";
import { readSettings } from "../settings/read_settings.ts";
import { nameServer, type Settings } from "../settings/settings.ts";
import { showProgress } from "../terminal/progress.ts";
import { UsageError } from "../usage_error.ts";

/** Runs the command. */
export async function runFetch(invocation: Invocation): Promise<number> {
  const { values, terminal, positionals } = invocation;
  const read = await readSettings(values);
  const { url, endpoint } = resolveUrl(positionals, read.settings);
  const init = await readRequest(invocation);
  const cached = await openCachedToken(read.settings, invocation);
  const authenticator = await openAuthenticator(read, invocation, { cached, endpoint });
  const progress = showProgress(terminal, `Calling ${url.host}`);
  try {
    if (values["refresh"]) await authenticator.refreshCredentials();
    // Apart from the call, so that its failures are told from those of the API.
    else await authenticator.ready();
    progress.update(`Waiting for ${url.host}`);
    const redirect = values["location"] ? "follow" : "manual";
    const response = await authenticator.fetch(url, { ...init, redirect }).catch((error) => {
      throw explainUnreachable(error, url);
    });
    progress[Symbol.dispose]();
    await writeResponse(response, invocation).catch((error) => {
      throw explainUnreachable(error, url);
    });
    const target = response.headers.get("location");
    if (response.status >= 300 && response.status < 400 && target !== null) {
      terminal.writeError(`m2m: The API redirects to ${clean(target)}. Call that, or pass --location.\n`);
    }
    if (response.status < 400) return exitCodes.fine;
    terminal.writeError(`m2m: The API answered ${response.status}${explainStatus(response, read.settings)}\n`);
    return exitCodes.refused;
  } finally {
    progress[Symbol.dispose]();
    await authenticator.close();
  }
}

/** Resolves the URL as a link of the endpoint's page; another origin would get no token. */
function resolveUrl(
  [given, ...more]: readonly string[],
  { endpoint }: Settings,
): { readonly url: URL; readonly endpoint: string } {
  if (given === undefined || more.length > 0) {
    throw new UsageError("fetch needs one URL: m2m fetch https://api.example.com/v1/projects");
  }
  const url = parseUrl(given, endpoint);
  if (!url && endpoint === undefined) {
    throw new UsageError("A relative URL needs --endpoint, the URL of the API (or M2M_ENDPOINT).");
  }
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new UsageError("The URL must be http: or https:, without user name and password.");
  }
  const { origin } = new URL(endpoint ?? url);
  if (url.origin !== origin) {
    throw new UsageError(
      `The token is for ${origin} and isn't sent to ${url.origin}. Pass --endpoint ${url.origin} to do so.`,
    );
  }
  return { url, endpoint: endpoint ?? url.origin };
}

async function readRequest({ values, terminal }: Invocation): Promise<RequestInit> {
  const headers = new Headers();
  for (const line of values["header"] as readonly string[] | undefined ?? []) {
    const [, name, value] = /^([^:\s]+):\s*(.*)$/s.exec(line) ?? [];
    try {
      headers.append(name!, value!);
    } catch {
      // Its message quotes the value.
      throw new UsageError('--header must be "name: value".');
    }
  }
  const data = values["data"];
  const method = String(values["method"] ?? (data === undefined ? "GET" : "POST"));
  if (typeof data !== "string") return { method, headers };
  if (/^(GET|HEAD)$/i.test(method)) throw new UsageError(`--data can't be sent by ${method}: pass another --method.`);
  const { body, type } = await readBody(data, terminal, values);
  if (!headers.has("content-type")) headers.set("content-type", type);
  const isStream = body instanceof ReadableStream;
  return { method, headers, body, ...isStream && { duplex: "half" } } as RequestInit;
}

/** A file is read again for a replay; stdin is sent as it comes, and only once. */
async function readBody(
  data: string,
  terminal: Invocation["terminal"],
  values: Invocation["values"],
): Promise<{ readonly body: BodyInit; readonly type: string }> {
  if (!data.startsWith("@")) {
    return { body: data, type: isJson(data) ? "application/json" : "application/x-www-form-urlencoded" };
  }
  const path = data.slice(1);
  if (path === "-") {
    if (values["client-secret-stdin"]) throw new UsageError("stdin holds either the secret or the body.");
    return { body: terminal.inputStream() as BodyInit, type: "application/octet-stream" };
  }
  const type = /\.json$/i.test(path) ? "application/json" : "application/octet-stream";
  try {
    if (!statSync(path).isFile()) throw new TypeError();
    return { body: await openAsBlob(path), type };
  } catch (error) {
    if (isDenied(error)) throw error;
    throw new UsageError("--data @file must name a file that can be read.");
  }
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

async function writeResponse(response: Response, { values, terminal }: Invocation): Promise<void> {
  if (values["include"]) {
    const lines = [`HTTP ${response.status} ${response.statusText}`.trim()];
    // Bytes that terminals may obey (ECMA-48 §5.3); bodies are written as they are.
    response.headers.forEach((value, name) => lines.push(`${name}: ${value.replace(/[\x80-\x9f]/g, "?")}`));
    await terminal.writeOutput(`${lines.join("\n")}\n\n`);
  }
  const path = values["output"];
  if (typeof path !== "string") {
    for await (const chunk of response.body ?? []) await terminal.writeOutput(chunk);
    return;
  }
  const file = createWriteStream(path);
  const written = finished(file).catch((error) => {
    throw isDenied(error) ? error : new UsageError(`${path} can't be written (${error.code}).`);
  });
  // Its failure is thrown below.
  written.catch(() => {});
  for await (const chunk of response.body ?? []) {
    if (file.errored) break;
    if (!file.write(chunk)) await Promise.race([once(file, "drain"), written]);
  }
  file.end();
  await written;
}

/** Headers are the server's words, and no escape sequences for this terminal. */
function clean(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 300);
}

/** What the API says of the token, and where to go on. */
function explainStatus({ status, headers }: Response, settings: Settings): string {
  const challenge = clean(headers.get("www-authenticate") ?? "");
  const said = challenge ? ` (www-authenticate: ${challenge})` : "";
  if (status !== 401 && status !== 403) return `${said}.`;
  return `${said}. The token comes from ${nameServer(settings)}: m2m inspect shows it, m2m doctor finds out more.`;
}
