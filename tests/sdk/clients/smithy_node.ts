import { authenticateSmithy } from "@m2m/authenticator/adapters/smithy";
import { HttpRequest } from "npm:@smithy/core@3.41.1/protocols";
import { NodeHttpHandler } from "npm:@smithy/node-http-handler@4.14.2";
import { Readable } from "node:stream";
import { readParts, type Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "rest",
  // Its own counts from when the request is sent.
  has: { timeout: false, abort: true },
  notOn: ["workerd"],
  connect({ url, authenticator }) {
    const handler = authenticateSmithy(new NodeHttpHandler(), authenticator);
    const call = async (method: string, path: string, body?: string, abortSignal?: AbortSignal) => {
      const { protocol, hostname, port, pathname } = new URL(`${url}${path}`);
      const headers: Record<string, string> = body ? { "content-length": `${body.length}` } : {};
      const place = { protocol, hostname, port: Number(port), path: pathname };
      const request = new HttpRequest({ ...place, method, headers, body });
      const { response } = await handler.handle(request, abortSignal && { abortSignal });
      const web = Readable.toWeb(response.body) as ReadableStream;
      if (response.statusCode === 200) return web;
      throw new Error(await new Response(web).text());
    };
    return {
      plain: async (signal) => await new Response(await call("GET", "/plain", undefined, signal)).json(),
      post: async (text) => await new Response(await call("POST", "/post", JSON.stringify({ text }))).json(),
      stream: async function* () {
        yield* readParts(await call("GET", "/stream"));
      },
      close: () => handler.destroy(),
    };
  },
};
