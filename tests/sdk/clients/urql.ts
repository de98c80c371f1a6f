import { Client, fetchExchange, gql } from "npm:@urql/core@6.0.3";
import { fromEvents, type Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "graphql",
  has: { timeout: false, abort: true },
  connect({ url, fetch }) {
    const client = new Client({
      url,
      fetch,
      exchanges: [fetchExchange],
      fetchSubscriptions: true,
      preferGetMethod: false,
    });
    const query = gql`{ plain }`;
    const mutation = gql`mutation ($text: String!) { post(text: $text) }`;
    return {
      plain: (signal) =>
        new Promise((resolve, reject) => {
          const { unsubscribe } = client.query(query, {}).subscribe(({ data, error }) => {
            unsubscribe();
            error ? reject(error) : resolve(data.plain);
          });
          // Its way to abort.
          signal?.addEventListener("abort", () => {
            unsubscribe();
            reject(signal.reason);
          });
        }),
      post: async (text) => {
        const { data, error } = await client.mutation(mutation, { text });
        if (error) throw error;
        return data.post;
      },
      stream: () =>
        fromEvents((events) => {
          client.subscription(gql`subscription { stream }`, {}).subscribe(({ data, error, hasNext }) => {
            if (error) return events.error(error);
            // The last result comes a second time.
            hasNext ? events.enqueue(data.stream) : events.close();
          });
        }),
    };
  },
};
