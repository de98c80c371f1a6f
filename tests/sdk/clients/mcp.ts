// The package's types are looked for under a name that isn't theirs.
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client"
import { Client } from "npm:@modelcontextprotocol/sdk@1.32.2/client/index.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/client/streamableHttp"
import { StreamableHTTPClientTransport } from "npm:@modelcontextprotocol/sdk@1.32.2/client/streamableHttp.js";
import { fromEvents, type Sdk } from "../sdk.ts";

type Result = { content: [{ text: string }] };

export const sdk: Sdk = {
  api: "mcp",
  has: { timeout: true, abort: true },
  connect({ url, fetch, timeout }) {
    const client = new Client({ name: "sdk", version: "1.0.0" });
    const options = timeout ? { timeout } : {};
    let isConnected: Promise<void> | undefined;
    const call = async (name: string, args = {}, more = {}) => {
      await (isConnected ??= client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }), options));
      const result = await client.callTool({ name, arguments: args }, undefined, { ...options, ...more });
      return (result as unknown as Result).content[0].text;
    };
    return {
      plain: (signal) => {
        // A signal alone tells the server, and leaves the request open.
        signal?.addEventListener("abort", () => client.close());
        return call("plain");
      },
      post: (text) => call("post", { text }),
      stream: () =>
        fromEvents((events) => {
          const onprogress = ({ message }: { message?: string }) => events.enqueue(message!);
          call("stream", {}, { onprogress }).then(
            (text) => {
              events.enqueue(text);
              events.close();
            },
            (error) => events.error(error),
          );
        }),
      close: () => client.close(),
    };
  },
};
