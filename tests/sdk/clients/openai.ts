import OpenAI from "npm:openai@7.59.0";
import type { Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "openai",
  has: { timeout: true, abort: true },
  callerHeader: "replace",
  connect({ url: baseURL, fetch, timeout }) {
    const client = new OpenAI({ baseURL, fetch, timeout, apiKey: "own-key" });
    const say = (content: string) => ({ model: "small", messages: [{ role: "user" as const, content }] });
    const create = async (text: string, signal?: AbortSignal) =>
      (await client.chat.completions.create(say(text), signal && { signal })).choices[0]?.message.content;
    return {
      plain: (signal) => create("answer", signal),
      post: (text) => create(text),
      stream: async function* () {
        for await (const { choices } of await client.chat.completions.create({ ...say("one,two"), stream: true })) {
          yield choices[0]?.delta.content ?? "";
        }
      },
    };
  },
};
