import { createFetch } from "npm:ofetch@1.5.1";
import { readParts, type Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "rest",
  has: { timeout: true, abort: true },
  connect({ url, fetch, timeout }) {
    const call = createFetch({ fetch, defaults: { baseURL: url, ...timeout && { timeout } } });
    return {
      plain: (signal) => call("/plain", signal && { signal }),
      post: (text) => call("/post", { method: "POST", body: { text } }),
      stream: async function* () {
        yield* readParts(await call("/stream", { responseType: "stream" }));
      },
    };
  },
};
