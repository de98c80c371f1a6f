/**
 * What the tests need of a client: how it is made with our `fetch`, and calls of it.
 *
 * @module
 */

import type { Authenticator, Fetch } from "@m2m/authenticator";

/** Where and how a client calls. */
export interface Place {
  /** The API's URL for this client, without a slash at its end. */
  readonly url: string;
  /** The authenticator's own, with its calls counted. */
  readonly fetch: Fetch;
  /** For clients that take no `fetch`; its calls are counted likewise. */
  readonly authenticator: Pick<
    Authenticator,
    "authorize" | "explain" | "fetch" | "getCredentials" | "refreshCredentials"
  >;
  /** The client's own time-out, where one is tried: milliseconds. */
  readonly timeout: number | undefined;
}

/** Calls of a client. */
export interface Calls {
  /** Resolves to the API's `answer`. `signal` comes in the trial of aborts alone. */
  plain(signal?: AbortSignal): Promise<unknown>;
  /** Posts a text; resolves to the text that the API says it got. Absent: {@linkcode plain} posts. */
  post?(text: string): Promise<unknown>;
  /** Gives the pieces `one` and `two` as they arrive. */
  stream?(): AsyncIterable<string>;
  /** Ends what stays open. */
  close?(): unknown;
}

/** A client. */
export interface Sdk {
  /** The API that it speaks to: a file of `apis/`. */
  readonly api: string;
  /** Whether it has a time-out of its own, and ends calls by a signal. */
  readonly has: { readonly timeout: boolean; readonly abort: boolean };
  /** Whether it brings a header of its own, which the token is to replace. */
  readonly callerHeader?: "replace";
  /** The runtimes where it isn't tried, or the first words of their names. Default: none. */
  readonly notOn?: readonly string[];
  /** What our `fetch` sends by. Default: the global one. */
  readonly fetch?: Fetch;
  /** Makes one, handed the place's `fetch`. */
  connect(place: Place): Calls | Promise<Calls>;
}

/** Gives the parts of a body as texts. */
export async function* readParts(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  for await (const part of body!.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)) {
    yield part;
  }
}

/** Gives what `listen` hands over. */
export function fromEvents(
  listen: (events: Pick<ReadableStreamDefaultController<string>, "enqueue" | "close" | "error">) => void,
): AsyncIterable<string> {
  return new ReadableStream<string>({ start: listen });
}
