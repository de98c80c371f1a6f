/** GraphQL over HTTP; subscriptions by server-sent events, or by parts for Apollo. @module */
import { buildSchema, graphql } from "npm:graphql@16.15.0";
import type { Answer } from "../api.ts";

const schema = buildSchema(`
  type Query { plain: String! }
  type Mutation { post(text: String!): String! }
`);
const rootValue = { plain: "answer", post: ({ text }: { text: string }) => text };

/** Answers the query, the mutation, and the subscription `stream`. */
export const answer: Answer = async ({ request, text, pieces }) => {
  const { query: source, variables: variableValues } = JSON.parse(text());
  if (!source.includes("subscription")) {
    return Response.json(await graphql({ schema, source, rootValue, variableValues }));
  }
  const [one, two] = ["one", "two"].map((stream) => ({ data: { stream } }));
  if (/subscriptionSpec/.test(request.headers.get("accept") ?? "")) {
    const part = (payload: unknown) => `\r\ncontent-type: application/json\r\n\r\n${JSON.stringify({ payload })}\r\n`;
    const [first, second] = [`--graphql${part(one)}--graphql`, `${part(two)}--graphql--\r\n`];
    return pieces('multipart/mixed; boundary="graphql"', [first, second]);
  }
  const event = (name: string, data: unknown) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  return pieces("text/event-stream", [event("next", one), `${event("next", two)}event: complete\ndata:\n\n`]);
};
