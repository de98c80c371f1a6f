import { createConnectTransport } from "npm:@connectrpc/connect-web@2.3.0";
import { createClient } from "npm:@connectrpc/connect@2.3.0";
import { service } from "../connect_service.ts";
import type { Sdk } from "../sdk.ts";

type Text = { value: string };
/** What generated code would say. */
interface Client {
  plain(request: Partial<Text>, options?: { signal?: AbortSignal }): Promise<Text>;
  post(request: Partial<Text>): Promise<Text>;
  stream(request: Partial<Text>): AsyncIterable<Text>;
}

export const sdk: Sdk = {
  api: "connect",
  has: { timeout: true, abort: true },
  connect({ url, fetch, timeout }) {
    const transport = createConnectTransport({ baseUrl: url, fetch, ...timeout && { defaultTimeoutMs: timeout } });
    const client = createClient(service, transport) as unknown as Client;
    return {
      plain: async (signal) => (await client.plain({}, signal && { signal })).value,
      post: async (value) => (await client.post({ value })).value,
      stream: async function* () {
        for await (const { value } of client.stream({})) yield value;
      },
    };
  },
};
