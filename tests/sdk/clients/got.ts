import { gotHooks } from "@m2m/authenticator/adapters/got";
import got from "npm:got@16.1.0";
import { Readable } from "node:stream";
import { readParts, type Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "rest",
  has: { timeout: true, abort: true },
  notOn: ["workerd"],
  connect({ url, authenticator, timeout }) {
    const client = got.extend({ timeout: { request: timeout }, retry: { limit: 0 } }, gotHooks(authenticator));
    return {
      plain: (signal) => client(`${url}/plain`, signal && { signal }).json(),
      post: (text) => client.post(`${url}/post`, { json: { text } }).json(),
      stream: () => readParts(Readable.toWeb(client.stream(`${url}/stream`)) as ReadableStream),
    };
  },
};
