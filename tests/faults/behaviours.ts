/**
 * The vocabulary of misbehaviour: what a server may do with a request, by name.
 *
 * @module
 */

import type { Behaviour, Bytes, Step } from "../servers/fault_server.ts";

/** What an answer says, where it isn't the usual. */
export interface Answer {
  status?: number;
  /** Header lines besides those the answer needs. */
  headers?: Record<string, string | readonly string[]>;
  /** `HTTP/1.1` unless told otherwise. */
  version?: string;
  /** What `content-length` says, whether true or not. Default: the truth; `null` for no such line. */
  length?: number | string | null;
  /** Whether the connection stays open for another request. Default: `false`. */
  keepAlive?: boolean;
}

/** An answer with a body. */
export function answer(body: Bytes = "", options: Answer = {}): Behaviour {
  return { steps: [{ send: head(body, options) }, { send: body }], keepAlive: options.keepAlive ?? false };
}

/** Any value as JSON. */
export function json(value: unknown, options: Answer = {}): Behaviour {
  return jsonText(JSON.stringify(value), options);
}

/** Any text, announced as JSON. */
export function jsonText(text: Bytes, options: Answer = {}): Behaviour {
  return answer(text, { ...options, headers: { "content-type": "application/json", ...options.headers } });
}

/** A page of a firewall, a portal, or a server with another idea of this URL. */
export function html(status: number, body: string, headers: Record<string, string> = {}): Behaviour {
  return answer(`<!doctype html><title>${status}</title><p>${body}`, {
    status,
    headers: { "content-type": "text/html; charset=utf-8", ...headers },
  });
}

/** A redirect. */
export function redirect(status: number, location: string): Behaviour {
  return answer("", { status, headers: { location } });
}

/** Exactly these steps. */
export function steps(...list: Step[]): Behaviour {
  return { steps: list };
}

/** Exactly these bytes, whether HTTP or not, then the end. */
export function raw(...parts: Bytes[]): Behaviour {
  return steps(...parts.map((send) => ({ send })));
}

/** The first half of an answer, then the given step. */
export function halfway(body: Bytes, then: Step, options: Answer = {}): Behaviour {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return steps({ send: head(bytes, options) }, { send: bytes.slice(0, bytes.length / 2) }, then);
}

/** Status line and headers of an answer. */
export function head(body: Bytes, options: Answer = {}): string {
  const { status = 200, headers = {}, version = "HTTP/1.1", keepAlive = false } = options;
  const { length = typeof body === "string" ? new TextEncoder().encode(body).length : body.length } = options;
  const lines = [
    `${version} ${status} Whatever`,
    ...Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}`)),
    ...length === null ? [] : [`content-length: ${length}`],
    ...keepAlive ? [] : ["connection: close"],
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Status line and headers of an answer in chunks. */
export function chunkedHead(status = 200): string {
  return `HTTP/1.1 ${status} Whatever\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n` +
    "connection: close\r\n\r\n";
}

/** One chunk. */
export function chunk(data: string): string {
  return `${new TextEncoder().encode(data).length.toString(16)}\r\n${data}\r\n`;
}

/** So many bytes of spaces, gzipped: a thousandth of that on the wire. */
export async function gzipped(text: string, spaces = 0): Promise<Uint8Array<ArrayBuffer>> {
  const parts = [text, ...Array(Math.ceil(spaces / 65_536)).fill(" ".repeat(65_536))];
  const stream = new Blob(parts).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
