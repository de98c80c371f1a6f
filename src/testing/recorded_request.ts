/**
 * What a test server has received.
 *
 * @module
 */

import { printAsJson } from "../printing.ts";

/** A request as a test server received it. Printers show none of its headers, parameters and body. */
export interface RecordedRequest {
  /** The method, such as `POST`. */
  readonly method: string;
  /** The path, without the query. */
  readonly path: string;
  /** The status of the answer; `undefined` before there is one, and where the connection failed. */
  readonly status: number | undefined;
  /** The whole URL. */
  readonly url: string;
  /** The headers, as they were sent. */
  readonly headers: Headers;
  /** The body, as it was sent. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** The body, as text. */
  readonly text: string;
  /** The parameters of a form in the body; empty where the body is none. */
  readonly form: URLSearchParams;
}

/** A request while it is answered. */
export class Recording implements RecordedRequest {
  readonly method: string;
  readonly path: string;
  status: number | undefined;
  readonly #request: Request;
  readonly #body: Uint8Array<ArrayBuffer>;
  #form: URLSearchParams | undefined;

  constructor(request: Request, body: Uint8Array<ArrayBuffer>) {
    printAsJson(Recording.prototype);
    this.method = request.method;
    this.path = new URL(request.url).pathname;
    this.#request = request;
    this.#body = body;
  }

  get url(): string {
    return this.#request.url;
  }

  get headers(): Headers {
    return this.#request.headers;
  }

  get body(): Uint8Array<ArrayBuffer> {
    return this.#body;
  }

  get text(): string {
    return new TextDecoder().decode(this.#body);
  }

  get form(): URLSearchParams {
    const isForm = /^application\/x-www-form-urlencoded\b/i.test(this.headers.get("content-type") ?? "");
    return this.#form ??= new URLSearchParams(isForm ? this.text : "");
  }

  /** The request again, unread. */
  toRequest(): Request {
    const { url, method, headers, signal } = this.#request;
    return new Request(url, { method, headers, signal, ...this.#body.length > 0 && { body: this.#body } });
  }

  /** What may be shown: nothing that can hold a secret. */
  toJSON(): Record<string, unknown> {
    const { method, path, status } = this;
    const shown = ["grant_type", "scope"].map((name) => [name, this.form.get(name) ?? undefined]);
    return { method, path, status, ...Object.fromEntries(shown.filter(([, value]) => value !== undefined)) };
  }

  /** The same in a line. */
  toString(): string {
    const { method, path, status, ...parameters } = this.toJSON();
    const shown = Object.values(parameters).join(", ");
    return `${method} ${path}${shown && ` (${shown})`} → ${status ?? "no answer"}`;
  }
}
