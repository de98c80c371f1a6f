/**
 * What became of a call, and of the requests it made.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { ArrivedRequest } from "../servers/fault_server.ts";
import { assertNothingShows } from "./planted.ts";

/** What may be compared of a request with another: all but the credential, and the random boundary of a form. */
export function comparable({ method, path, headers, body }: ArrivedRequest) {
  const boundary = /boundary=(\S+)/.exec(headers.get("content-type") ?? "")?.[1] ?? "\0";
  const plain = (value: string) => value.replaceAll(boundary, "BOUNDARY");
  const kept = [...headers].filter(([name]) => !name.includes("authorization"))
    .map(([name, value]) => `${name}: ${plain(value)}`);
  return { method, path, headers: kept, body: plain(new TextDecoder("latin1").decode(body)) };
}

/** Nothing of a token or the secret, in whatever header or body. */
export function assertNoCredential(requests: readonly ArrivedRequest[]): void {
  for (const { path, headers, body } of requests) {
    assertNothingShows({ path, headers: [...headers], body: decode(body) });
    // A Location may bring a user and password of its own.
    assert([null, "Basic dXNlcjpwYXNz"].includes(headers.get("authorization")));
    assertEquals(headers.get("flyte-authorization"), null);
  }
}

/** So many of something. */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** A body as text. */
export function decode(body: Uint8Array): string {
  return new TextDecoder().decode(body);
}

/** The body of a response to come. */
export async function text(response: Promise<Response>): Promise<string> {
  return await (await response).text();
}

/** The status of a response to come. */
export async function status(response: Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await body?.cancel();
  return status;
}

/** The error that something ends with. */
export function caught(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => assert(false, "It came to a good end."), (error) => error);
}
