/** A tRPC router. @module */
import { initTRPC } from "npm:@trpc/server@11.25.2";
import { fetchRequestHandler } from "npm:@trpc/server@11.25.2/adapters/fetch";
import type { Answer, ApiCall } from "../api.ts";

const { router: makeRouter, procedure } = initTRPC.context<ApiCall>().create();
const router = makeRouter({
  plain: procedure.query(() => "answer"),
  post: procedure.input(String).mutation(({ input }) => input),
  stream: procedure.query(async function* ({ ctx }) {
    yield "one";
    await ctx.continued;
    yield "two";
  }),
});

/** Its type, which the client knows. */
export type Router = typeof router;

/** Answers by the router. */
export const answer: Answer = (call) =>
  fetchRequestHandler({ endpoint: "", req: call.request, router, createContext: () => call });
