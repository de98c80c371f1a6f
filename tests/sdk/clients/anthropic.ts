import Anthropic from "npm:@anthropic-ai/sdk@1.14.0";
import type { Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "anthropic",
  has: { timeout: true, abort: true },
  callerHeader: "replace",
  connect({ url: baseURL, fetch, timeout }) {
    const client = new Anthropic({ baseURL, fetch, apiKey: "own-key", ...timeout && { timeout } });
    const say = (content: string) => ({
      model: "small",
      max_tokens: 9,
      messages: [{ role: "user" as const, content }],
    });
    const create = async (text: string, signal?: AbortSignal) => {
      const { content: [block] } = await client.messages.create(say(text), signal && { signal });
      return block?.type === "text" && block.text;
    };
    return {
      plain: (signal) => create("answer", signal),
      post: (text) => create(text),
      stream: async function* () {
        for await (const event of await client.messages.create({ ...say("one,two"), stream: true })) {
          if (event.type === "content_block_delta" && event.delta.type === "text_delta") yield event.delta.text;
        }
      },
    };
  },
};
