import { ApolloClient, gql, HttpLink, InMemoryCache } from "npm:@apollo/client@4.3.8";
import { fromEvents, type Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "graphql",
  has: { timeout: false, abort: true },
  connect({ url: uri, fetch }) {
    const client = new ApolloClient({ link: new HttpLink({ uri, fetch }), cache: new InMemoryCache() });
    const query = gql`query { plain }`;
    const mutation = gql`mutation ($text: String!) { post(text: $text) }`;
    return {
      plain: async (signal) => {
        const context = signal && { context: { fetchOptions: { signal } } };
        const { data } = await client.query<{ plain: string }>({ query, fetchPolicy: "no-cache", ...context });
        return data?.plain;
      },
      post: async (text) => (await client.mutate<{ post: string }>({ mutation, variables: { text } })).data?.post,
      stream: () =>
        fromEvents((events) => {
          client.subscribe<{ stream: string }>({ query: gql`subscription { stream }` }).subscribe({
            next: ({ data, error }) => error ? events.error(error) : events.enqueue(data?.stream ?? ""),
            error: (error) => events.error(error),
            complete: () => events.close(),
          });
        }),
      close: () => client.stop(),
    };
  },
};
