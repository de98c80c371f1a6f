import { authenticateAxios } from "@m2m/authenticator/adapters/axios";
import axios from "npm:axios@1.21.1";
import { Readable } from "node:stream";
import { readParts, type Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "rest",
  // Its own counts from when the request is sent.
  has: { timeout: false, abort: true },
  notOn: ["workerd"],
  connect({ url, authenticator }) {
    const client = axios.create({ baseURL: url });
    authenticateAxios(client, authenticator);
    return {
      plain: async (signal) => (await client.get("/plain", signal && { signal })).data,
      post: async (text) => (await client.post("/post", { text })).data,
      stream: async function* () {
        const { data } = await client.get("/stream", { responseType: "stream" });
        yield* readParts(Readable.toWeb(data) as ReadableStream);
      },
    };
  },
};
