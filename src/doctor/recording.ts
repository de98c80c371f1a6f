/**
 * A `fetch` that keeps what was answered, and the secrets it saw.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { cancel } from "../http/body.ts";
import type { Fetch } from "../http/fetch.ts";
import { parseJsonObject } from "../http/json.ts";
import { waitFor } from "../refresh/deadlines.ts";
import { readUrl } from "../transport/failure.ts";
import type { Exchange } from "./examination.ts";

/** How much of an answer is kept, in bytes. */
const maxText = 65_536;

/** What a recording `fetch` is given. */
export interface RecordingOptions {
  readonly fetch: Fetch;
  readonly clock: Pick<Clock, "wall">;
  /** Called before a request is sent; what it throws keeps it back. */
  onRequest?(url: URL, init: RequestInit | undefined): void;
  /** Gets each secret of a request or an answer. */
  onSecret(secret: string): void;
}

/** A `fetch`, and the answers to it. */
export interface Recording {
  readonly fetch: Fetch;
  /** The answers so far. Complete once `settled` is called and awaited. */
  readonly exchanges: Exchange[];
  /** Waits until the answers' texts have been read: a second at most, then what has come counts. */
  settled(): Promise<void>;
}

/** Makes a `fetch` that keeps its answers. */
export function record({ fetch, clock, onRequest, onSecret }: RecordingOptions): Recording {
  const exchanges: Exchange[] = [];
  const reading: Promise<void>[] = [];
  const ending = new AbortController();
  return {
    exchanges,
    async fetch(input, init) {
      const url = new URL(readUrl(input));
      onRequest?.(url, init);
      for (const secret of findSecrets(init)) onSecret(secret);
      const started = performance.now();
      const response = await fetch(input, init);
      const { status, headers } = response;
      const method = init?.method ?? Object(input).method ?? "GET";
      const about = { url, method, status, headers, duration: performance.now() - started, receivedAt: clock.wall() };
      const place = exchanges.length;
      exchanges.push({ ...about, text: "" });
      reading.push(
        readStart(response.body ? response.clone() : response, ending.signal).then((text) => {
          exchanges[place] = { ...about, text };
          for (const secret of findTokens(text)) onSecret(secret);
        }),
      );
      return response;
    },
    async settled() {
      // An endless stream would keep the program running.
      await waitFor(Promise.all(reading), { timeout: 1_000 }).catch(() => ending.abort());
      await Promise.all(reading);
    },
  };
}

/** Reads the first of a body. A broken one is as long as it is. */
async function readStart(response: Response, signal: AbortSignal): Promise<string> {
  const reader = response.body?.getReader();
  const end = () => cancel(reader as Pick<ReadableStream, "cancel"> | undefined);
  signal.addEventListener("abort", end, { once: true });
  const decoder = new TextDecoder();
  let [text, size] = ["", 0];
  try {
    while (reader && size < maxText) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.byteLength;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // What came before counts.
  }
  signal.removeEventListener("abort", end);
  end();
  return text.slice(0, maxText);
}

/** The secrets in a token request: what its headers and parameters prove the client by. */
function findSecrets(init: RequestInit | undefined): string[] {
  const secrets: string[] = [];
  new Headers(init?.headers).forEach((value, name) => {
    // A version or the like is no secret, and would be redacted wherever it stands.
    const isCredential = /^(proxy-)?authorization$/.test(name);
    if (/^(accept|content-type|cache-control|user-agent)$/.test(name) || !isCredential && value.length < 8) return;
    const credentials = value.replace(/^\w+ +/, "");
    secrets.push(credentials);
    if (/^basic /i.test(value)) secrets.push(...decodeBasic(credentials));
  });
  const { body } = init ?? {};
  const text = typeof body === "string" || body instanceof URLSearchParams ? String(body) : "";
  const parameters = Object.entries(parseJsonObject(text) ?? Object.fromEntries(new URLSearchParams(text)));
  for (const [name, value] of parameters) {
    if (typeof value === "string" && /secret|assertion$|token$|password|key|code$/.test(name)) secrets.push(value);
  }
  return secrets;
}

function decodeBasic(credentials: string): string[] {
  try {
    const secret = atob(credentials).replace(/^[^:]*:/, "");
    return [secret, new URLSearchParams(`s=${secret}`).get("s") ?? ""];
  } catch {
    return [];
  }
}

function findTokens(text: string): string[] {
  const { access_token, refresh_token, id_token } = parseJsonObject(text) ?? {};
  return [access_token, refresh_token, id_token].filter((token) => typeof token === "string");
}
