/**
 * What became of a call, and of the requests it made.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { ArrivedRequest } from "../servers/fault_server.ts";
import { assertNothingShows } from "./planted.ts";

/** What may be compared of a request with another: all but credential, and the random boundary of a form. */
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

/** The status of a response to come, whose body nobody wants. */
export async function status(response: Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await body?.cancel();
  return status;
}

/** What something ends with that ends badly. */
export async function caught(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It came to a good end.");
}
