import { createTRPCClient, httpBatchLink, httpBatchStreamLink, httpLink } from "npm:@trpc/client@11.25.2";
import type { Router } from "../apis/trpc.ts";
import type { Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "trpc",
  has: { timeout: false, abort: true },
  connect({ url, fetch }) {
    const [single, batching, streaming] = [httpLink, httpBatchLink, httpBatchStreamLink].map((link) =>
      createTRPCClient<Router>({ links: [link({ url, fetch })] })
    );
    return {
      plain: (signal) => batching!.plain.query(undefined, signal && { signal }),
      post: (text) => single!.post.mutate(text),
      stream: async function* () {
        yield* await streaming!.stream.query();
      },
    };
  },
};
