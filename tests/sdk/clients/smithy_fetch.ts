import { HttpRequest } from "npm:@smithy/core@3.41.1/protocols";
import { FetchHttpHandler } from "npm:@smithy/fetch-http-handler@5.8.1";
import { readParts, type Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "rest",
  // Its own ends no call, but the caller's wait.
  has: { timeout: false, abort: true },
  connect({ url, fetch }) {
    const handler = new FetchHttpHandler({ customFetch: fetch as typeof globalThis.fetch });
    const call = async (method: string, path: string, body?: string, abortSignal?: AbortSignal) => {
      const { protocol, hostname, port, pathname } = new URL(`${url}${path}`);
      const place = { protocol, hostname, port: Number(port), path: pathname };
      const { response } = await handler.handle(
        new HttpRequest({ ...place, method, body }),
        abortSignal && { abortSignal },
      );
      return response.body as ReadableStream;
    };
    return {
      plain: async (signal) => await new Response(await call("GET", "/plain", undefined, signal)).json(),
      post: async (text) => await new Response(await call("POST", "/post", JSON.stringify({ text }))).json(),
      stream: async function* () {
        yield* readParts(await call("GET", "/stream"));
      },
    };
  },
};
