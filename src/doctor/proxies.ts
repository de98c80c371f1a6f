/**
 * The proxy that a request goes through: by option, or by the variables that this runtime follows.
 *
 * @module
 */

import { parseUrl } from "../arguments.ts";
import { readVariable } from "../env/environment.ts";
import type { Examination } from "./examination.ts";
import { isPermitted } from "./permissions.ts";
import { bareHost, isAddress, readPort } from "./targets.ts";

/** Absent on some runtimes. */
declare const process: unknown;

/** A proxy, and where it is set. */
export interface Proxy {
  readonly url: URL;
  /** The option's or the variable's name. */
  readonly name: string;
}

/** A variable that names a proxy. */
export interface ProxyVariable {
  readonly name: string;
  readonly text: string;
  /** Whether this runtime follows it, for requests to this URL. */
  readonly isFollowed: boolean;
}

/** The proxy for requests to a URL, if they go through one. */
export function findProxy(examination: Examination, url: URL): Proxy | undefined {
  const { options: { httpProxyUrl, fetch } } = examination;
  if (httpProxyUrl) {
    const proxy = parseUrl(httpProxyUrl);
    return proxy && { url: proxy, name: examination.nameOption("httpProxyUrl") };
  }
  // A transport of the caller's has its own way.
  if (fetch) return undefined;
  const followed = listProxyVariables(examination, url).find(({ isFollowed }) => isFollowed);
  if (!followed || findBypass(examination, url)?.isFollowed) return undefined;
  const { name, text } = followed;
  const proxy = parseUrl(/^\w+:\/\//.test(text) ? text : `http://${text}`);
  return proxy && { url: proxy, name };
}

/** The variables that name a proxy for this URL, on some runtime; those that count come first. */
export function listProxyVariables({ host }: Examination, { protocol }: URL): ProxyVariable[] {
  const own = protocol === "https:" ? ["HTTPS_PROXY"] : ["HTTP_PROXY"];
  // Node's tunnels to https: hosts go through HTTP_PROXY where there is no HTTPS_PROXY.
  const names = [...own, "ALL_PROXY", ...host === "node" && protocol === "https:" ? ["HTTP_PROXY"] : []];
  return names.flatMap((name) => [name.toLowerCase(), name]).flatMap((name) => {
    const text = read(name);
    return text === undefined ? [] : [{ name, text, isFollowed: isFollowed(host, name) }];
  });
}

function isFollowed(host: Examination["host"], name: string): boolean {
  if (host === "node") return read("NODE_USE_ENV_PROXY") === "1" && !/^all/i.test(name);
  return host !== "other";
}

/** The entry of `NO_PROXY` that is about a URL's host, and whether this runtime understands it. */
export function findBypass({ host }: Examination, url: URL): { entry: string; isFollowed: boolean } | undefined {
  const entries = (read("no_proxy") ?? read("NO_PROXY") ?? "").split(/[\s,]+/).filter(Boolean);
  const matches = entries.flatMap((entry) => {
    const runtimes = matchEntry(entry.toLowerCase(), bareHost(url), readPort(url));
    return runtimes.length > 0 ? [{ entry, isFollowed: runtimes.includes(host) }] : [];
  });
  return matches.find(({ isFollowed }) => isFollowed) ?? matches[0];
}

/** The runtimes that take an entry of `NO_PROXY` to be about this host and port. */
function matchEntry(entry: string, host: string, port: number): string[] {
  if (entry === "*") return isAddress(host) ? ["node", "bun"] : ["deno", "node", "bun"];
  if (entry === host) return ["deno", "node", "bun"];
  if (entry === `${host}:${port}`) return ["node", "bun"];
  if (entry.includes("/")) return isInNetwork(host, entry) ? ["deno", "bun"] : [];
  const suffix = entry.replace(/^\*?\.?/, ".");
  if (isAddress(host) || !host.endsWith(suffix)) return [];
  return /^\*?\./.test(entry) ? ["deno", "node", "bun"] : ["deno", "bun"];
}

function isInNetwork(host: string, network: string): boolean {
  const [base = "", length = ""] = network.split("/");
  const [address, start] = [host, base].map((text) =>
    /^(\d+\.){3}\d+$/.test(text) ? text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) : NaN
  ) as [number, number];
  const size = 2 ** (32 - Number(length));
  return Math.floor(address / size) === Math.floor(start / size);
}

/** A variable's text; `undefined` where there is none, or it may not be read. */
export function read(name: string): string | undefined {
  if (!isPermitted({ name: "env", variable: name }) || typeof process === "undefined") return undefined;
  const variable = readVariable(name, undefined);
  return typeof variable === "object" ? variable.text : undefined;
}
