import { gql, GraphQLClient } from "npm:graphql-request@7.4.0";
import type { Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "graphql",
  has: { timeout: false, abort: true },
  connect({ url, fetch }) {
    const client = new GraphQLClient(url, { fetch });
    const [query, mutation] = [gql`{ plain }`, gql`mutation ($text: String!) { post(text: $text) }`];
    return {
      plain: async (signal) =>
        (await client.request<{ plain: string }>({ document: query, ...signal && { signal } })).plain,
      post: async (text) => (await client.request<{ post: string }>(mutation, { text })).post,
    };
  },
};
