/**
 * A transport that is opened when it is needed.
 *
 * @module
 */

import { explained } from "./failure.ts";
import type { Fetch } from "./fetch.ts";
import type { Transport, TransportOptions } from "./transport.ts";

/** What sends requests now, and what it takes to be rid of it. */
export interface Opened {
  readonly fetch: Fetch;
  /** Frees what it holds, without waiting for what is under way. */
  close?(): void | Promise<void>;
}

/**
 * Opens at the first request, and again at the first after it was closed or couldn't be opened. What fails says what
 * to do about it.
 */
export function lazyTransport(
  options: TransportOptions,
  open: (options: TransportOptions) => Promise<Opened>,
): Transport {
  let current: Promise<Opened> | undefined;
  const close = async () => {
    const last = current;
    current = undefined;
    await (await last?.catch(() => {}))?.close?.();
  };
  const fetch: Fetch = async (input, init) => {
    const opening = current ??= open(options);
    let opened: Opened;
    try {
      opened = await opening;
    } catch (error) {
      if (current === opening) current = undefined;
      throw error;
    }
    return opened.fetch(input, init);
  };
  return { fetch: explained(fetch, options), close, [Symbol.asyncDispose]: close };
}
