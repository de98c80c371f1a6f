import { hc } from "npm:hono@4.13.19/client";
import type { App } from "../apis/hono.ts";
import { readParts, type Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "hono",
  has: { timeout: false, abort: true },
  connect({ url, fetch }) {
    const client = hc<App>(url, { fetch });
    return {
      plain: async (signal) => await (await client.plain.$get({}, signal && { init: { signal } })).json(),
      post: async (text) => await (await client.post.$post({ json: { text } })).json(),
      stream: async function* () {
        yield* readParts((await client.stream.$get()).body);
      },
    };
  },
};
