import { authenticateElasticsearch } from "@m2m/authenticator/adapters/elasticsearch";
import { Client, UndiciConnection } from "npm:@elastic/elasticsearch@9.5.1";
import { Readable } from "node:stream";
import { readParts, type Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "elasticsearch",
  // Its own counts from when the request is sent.
  has: { timeout: false, abort: true },
  notOn: ["workerd"],
  connect({ url, authenticator }) {
    const Connection = authenticateElasticsearch(UndiciConnection, authenticator);
    const client = new Client({ node: url, Connection, maxRetries: 0 });
    return {
      plain: async (signal) => (await client.get({ index: "one", id: "plain" }, signal && { signal }))._source,
      post: async (text) => (await client.index({ index: "one", document: { text } }))._id,
      stream: async function* () {
        const data = await client.transport.request({ method: "GET", path: "/stream" }, { asStream: true });
        yield* readParts(Readable.toWeb(data as Readable) as ReadableStream);
      },
      close: () => client.close(),
    };
  },
};
