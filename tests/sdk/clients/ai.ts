import { createOpenAI } from "npm:@ai-sdk/openai@4.0.118";
import { generateText, streamText } from "npm:ai@7.0.173";
import type { Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "openai",
  has: { timeout: true, abort: true },
  callerHeader: "replace",
  connect({ url: baseURL, fetch, timeout }) {
    const model = createOpenAI({ baseURL, fetch, apiKey: "own-key" }).chat("small");
    const options = { model, ...timeout && { timeout } };
    const generate = async (prompt: string, signal?: AbortSignal) =>
      (await generateText({ ...options, prompt, ...signal && { abortSignal: signal } })).text;
    return {
      plain: (signal) => generate("answer", signal),
      post: (text) => generate(text),
      stream: () => streamText({ ...options, prompt: "one,two" }).textStream,
    };
  },
};
