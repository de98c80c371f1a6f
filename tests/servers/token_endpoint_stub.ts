/**
 * A token endpoint inside a function with the shape of `fetch`, for tests of requests, and for answers that no real
 * server gives.
 *
 * @module
 */

import type { Fetch } from "@m2m/authenticator";

/** One request as the stub saw it. */
export interface SeenRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly form: URLSearchParams;
  readonly init: RequestInit;
}

export type TokenEndpointStub = ReturnType<typeof tokenEndpointStub>;

/** The usual answer: tokens `token-1`, `token-2`, … that live for an hour. */
export function usualAnswer(count: number): Response {
  return Response.json({ access_token: `token-${count}`, token_type: "Bearer", expires_in: 3600 });
}

/** Creates a stub that answers each request to its `url` by `answer`, given its number from 1. */
export function tokenEndpointStub(
  answer: (count: number, request: SeenRequest) => Response | Promise<Response> = usualAnswer,
) {
  const requests: SeenRequest[] = [];
  const url = "https://auth.test/oauth/token";
  const fetch: Fetch = async (input, init = {}) => {
    if (String(input) !== url) throw new TypeError(`the stub is not at ${input}`);
    const { method = "GET", headers, body } = init;
    const form = new URLSearchParams(await new Response(body).text());
    const count = requests.push({ url, method, headers: new Headers(headers), form, init });
    return await answer(count, requests[count - 1]!);
  };
  return { url, requests: requests as readonly SeenRequest[], fetch };
}
