/**
 * The interceptor for gRPC calls whose token is rejected.
 *
 * @module
 */

import { throwInvalid } from "../arguments.ts";
import type { Authenticator } from "../authenticator.ts";
import type { Credentials } from "../credentials.ts";

/** The part of gRPC's metadata that is used. */
export interface GrpcMetadata {
  /**
   * Sets a value.
   *
   * @param key The key.
   * @param value The value.
   */
  set(key: string, value: string): void;
  /**
   * Copies it.
   *
   * @returns The copy.
   */
  clone(): GrpcMetadata;
}

/** How a call ended. */
export interface GrpcStatus<Metadata> {
  /** Its code. */
  code: number;
  /** What is said about it. */
  details: string;
  /** The trailing metadata. */
  metadata: Metadata;
}

/** What takes a call's answer. */
export interface GrpcListener<Metadata> {
  /**
   * Takes the leading metadata.
   *
   * @param metadata The metadata.
   */
  onReceiveMetadata(metadata: Metadata): void;
  /**
   * Takes a message.
   *
   * @param message The message; `null` where a call for one message ends without.
   */
  onReceiveMessage(message: unknown): void;
  /**
   * Takes the end.
   *
   * @param status How the call ended.
   */
  onReceiveStatus(status: GrpcStatus<Metadata>): void;
}

/** The part of a call that is used. */
export interface GrpcCall<Metadata> {
  /**
   * Starts it.
   *
   * @param metadata The leading metadata.
   * @param listener Takes the answer.
   */
  start(metadata: Metadata, listener: GrpcListener<Metadata>): void;
  /**
   * Sends a message.
   *
   * @param message The message.
   */
  sendMessage(message: unknown): void;
  /** Says that there are no more messages. */
  halfClose(): void;
  /**
   * Cancels it.
   *
   * @param code The code that it ends with.
   * @param details What is said about it.
   */
  cancelWithStatus(code: number, details: string): void;
}

/** What an interceptor does at each step of a call. */
export interface GrpcRequester<Metadata extends GrpcMetadata> {
  /** Starts the call. */
  start?: (
    metadata: Metadata,
    listener: GrpcListener<Metadata>,
    next: (metadata: Metadata, listener: GrpcListener<Metadata>) => void,
  ) => void;
  /** Sends a message. */
  sendMessage?: (message: unknown, next: (message: unknown) => void) => void;
  /** Cancels the call. */
  cancel?: (next: () => void) => void;
}

/** The part of a call's options that is used. */
export interface GrpcCallOptions {
  /** The method. */
  method_definition: {
    /** Whether the client sends several messages. */
    requestStream: boolean;
    /** Whether the server does. */
    responseStream: boolean;
  };
  /** When the call is given up: a date, or milliseconds since the epoch. Default: never. */
  deadline?: Date | number;
}

/** The part of the module `@grpc/grpc-js` that intercepts calls. */
export interface GrpcInterceptorModule<Metadata extends GrpcMetadata, Call extends GrpcCall<Metadata>, Intercepting> {
  /** The class of metadata. */
  Metadata: new () => Metadata;
  /** The class of calls that are intercepted. */
  InterceptingCall: new (nextCall: Call, requester: GrpcRequester<Metadata>) => Intercepting;
}

/** An interceptor. */
export type GrpcInterceptor<Call, Intercepting> = <Options extends GrpcCallOptions>(
  options: Options,
  nextCall: (options: Options) => Call,
) => Intercepting;

/** Codes of gRPC. */
const [cancelled, unauthenticated] = [1, 16];

/**
 * Makes an interceptor for calls that end with `UNAUTHENTICATED`: reports the token, and repeats the call once.
 *
 * Calls with one message each way are repeated with the new token, within their deadline. Of others the end waits for the new
 * token, so that a stream that is opened again has it. If there is none, a call ends as it did. It adds no token itself: that
 * is for the channel's call credentials. A call that waits long for its connection (`waitForReady`) may be sent with a newer
 * token than the one reported: then its end is the caller's.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs a gRPC server.
 * import type { Authenticator } from "@m2m/authenticator";
 * import { grpcInterceptor } from "@m2m/authenticator/adapters/grpc";
 * import * as grpc from "@grpc/grpc-js";
 *
 * const connect = (authenticator: Authenticator, credentials: grpc.ChannelCredentials) =>
 *   new grpc.Client("api.example.com:443", credentials, { interceptors: [grpcInterceptor(authenticator, grpc)] });
 * ```
 *
 * @param authenticator The authenticator of the channel's call credentials.
 * @param grpc The module `@grpc/grpc-js`.
 * @returns The interceptor, for the client's option `interceptors`.
 * @throws {TypeError} If `grpc` isn't that module.
 */
export function grpcInterceptor<Metadata extends GrpcMetadata, Call extends GrpcCall<Metadata>, Intercepting>(
  authenticator: Pick<Authenticator, "getCredentials" | "refreshCredentials">,
  grpc: GrpcInterceptorModule<Metadata, Call, Intercepting>,
): GrpcInterceptor<Call, Intercepting> {
  if (typeof grpc?.InterceptingCall !== "function") throwInvalid("grpc", "the module @grpc/grpc-js", grpc);
  return (options, nextCall) => {
    const { requestStream, responseStream } = options.method_definition;
    let message: unknown;
    let cancel: (() => void) | undefined;

    function repeat(metadata: Metadata, listener: GrpcListener<Metadata>): void {
      const call = nextCall(options);
      cancel = () => call.cancelWithStatus(cancelled, "Cancelled on client");
      call.start(metadata, listener);
      call.sendMessage(message);
      call.halfClose();
    }
    /** Reports the token, whose call has ended; calls back with whether there is another one, unless it is cancelled. */
    function report(
      rejected: Credentials,
      listener: GrpcListener<Metadata>,
      then: (isReplaced: boolean) => void,
    ): void {
      const waiting = new AbortController();
      const left = Number(options.deadline ?? Infinity) - Date.now();
      const timer = left < longestTimer ? setTimeout(() => waiting.abort(), left) : undefined;
      cancel = () => {
        waiting.abort();
        then = () => {};
        listener.onReceiveStatus({ code: cancelled, details: "Cancelled on client", metadata: new grpc.Metadata() });
      };
      authenticator.refreshCredentials({ rejected, signal: waiting.signal })
        .then((credentials) => credentials !== rejected, () => false)
        .then((isReplaced) => {
          clearTimeout(timer);
          cancel = undefined;
          then(isReplaced);
        });
    }

    return new grpc.InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        let used: Credentials | undefined;
        // The channel's call credentials ask at the same time, and get the same ones.
        authenticator.getCredentials().then((credentials) => used = credentials, () => {});
        const again = metadata.clone() as Metadata;
        const answer = new Answer(listener, !requestStream && !responseStream);
        next(metadata, {
          onReceiveMetadata: (value) => answer.take((to) => to.onReceiveMetadata(value)),
          onReceiveMessage: (value) => answer.take((to) => to.onReceiveMessage(value), value !== null),
          onReceiveStatus(status) {
            const finish = (isReplaced: boolean) =>
              isReplaced && answer.isHeld
                ? repeat(again, listener)
                : answer.take((to) => to.onReceiveStatus(status), true);
            if (status.code === unauthenticated && used) report(used, listener, finish);
            else finish(false);
          },
        });
      },
      sendMessage(value, next) {
        message = value;
        next(value);
      },
      cancel(next) {
        cancel?.();
        next();
      },
    });
  };
}

/** Beyond it a timer fires at once. */
const longestTimer = 2 ** 31;

/** The answer to a call, which is held as long as the call may be repeated. */
class Answer<Metadata> {
  readonly #listener: GrpcListener<Metadata>;
  readonly #parts: ((listener: GrpcListener<Metadata>) => void)[] = [];
  /** Whether nothing has reached the listener. */
  isHeld: boolean;

  constructor(listener: GrpcListener<Metadata>, isHeld: boolean) {
    this.#listener = listener;
    this.isHeld = isHeld;
  }

  /** Takes a part of the answer; a final one releases all. */
  take(part: (listener: GrpcListener<Metadata>) => void, isFinal = false): void {
    this.#parts.push(part);
    if (isFinal) this.isHeld = false;
    if (this.isHeld) return;
    for (const each of this.#parts.splice(0)) each(this.#listener);
  }
}
