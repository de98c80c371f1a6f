import createClient from "npm:openapi-fetch@0.17.0";
import { readParts, type Sdk } from "../sdk.ts";

type Get<Content> = { get: { responses: { 200: { content: Content } } } };
interface Paths {
  "/plain": Get<{ "application/json": string }>;
  "/stream": Get<{ "text/plain": string }>;
  "/post": {
    post: {
      requestBody: { content: { "application/json": { text: string } } };
      responses: { 200: { content: { "application/json": string } } };
    };
  };
}

export const sdk: Sdk = {
  api: "rest",
  has: { timeout: false, abort: true },
  connect({ url, fetch }) {
    const client = createClient<Paths>({ baseUrl: url, fetch });
    return {
      plain: async (signal) => (await client.GET("/plain", signal && { signal })).data,
      post: async (text) => (await client.POST("/post", { body: { text } })).data,
      stream: async function* () {
        yield* readParts((await client.GET("/stream", { parseAs: "stream" })).data ?? null);
      },
    };
  },
};
