import axios from "npm:axios@1.21.1";
import { readParts, type Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "rest",
  has: { timeout: true, abort: true },
  // It takes that for a runtime without streams.
  notOn: ["workerd of 2024-09-01"],
  connect({ url: baseURL, fetch, timeout = 0 }) {
    const client = axios.create({ baseURL, adapter: "fetch", env: { fetch }, timeout });
    return {
      plain: async (signal) => (await client.get("/plain", signal && { signal })).data,
      post: async (text) => (await client.post("/post", { text })).data,
      stream: async function* () {
        yield* readParts((await client.get("/stream", { responseType: "stream" })).data);
      },
    };
  },
};
