import ky from "npm:ky@2.1.0";
import { readParts, type Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "rest",
  has: { timeout: true, abort: true },
  connect({ url, fetch, timeout }) {
    const client = ky.create({ prefix: url, fetch, timeout: timeout ?? false });
    return {
      plain: (signal) => client.get("plain", signal && { signal }).json(),
      post: (text) => client.post("post", { json: { text } }).json(),
      stream: async function* () {
        yield* readParts((await client.get("stream")).body);
      },
    };
  },
};
