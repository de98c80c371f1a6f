/** Tokens for operations by graphql-ws: connections that are replaced, and tokens that are rejected. */

import { assertEquals, assertThrows } from "@std/assert";
import { graphqlWsOptions } from "@m2m/authenticator/adapters/graphql-ws";
import { createServer } from "node:http";
import { createClient } from "npm:graphql-ws@6.4.2";
import { useServer } from "npm:graphql-ws@6.4.2/use/ws";
import { buildSchema } from "npm:graphql@16.15.0";
// @ts-types="npm:@types/ws@8.18.2"
import { WebSocket, WebSocketServer } from "npm:ws@8.23.0";
import { listen, until } from "../servers/loopback.ts";
import { adapterScene } from "./adapter_scene.ts";

/** A server that takes these tokens: it adds numbers up, and tells each sum to its subscribers. */
async function startGraphqlServer(accepted: ReadonlySet<string>, name = "authorization") {
  const schema = buildSchema(
    "type Query { sum: Int! } type Mutation { add(n: Int!): Int! } type Subscription { sums: Int! }",
  );
  const server = createServer();
  const seen: string[] = [];
  const tellers = new Set<(sum: number) => void>();
  let sum = 0;
  const add = ({ n }: { n: number }) => {
    sum += n;
    for (const tell of tellers) tell(sum);
    return sum;
  };
  /** By hand: a generator that waits doesn't return. */
  function sums(): AsyncIterableIterator<{ sums: number }> {
    let tell = (_sum: number) => {};
    const end = () => tellers.delete(tell);
    return {
      next() {
        end();
        const { promise, resolve } = Promise.withResolvers<IteratorResult<{ sums: number }>>();
        tell = (sum) => resolve({ value: { sums: sum }, done: false });
        tellers.add(tell);
        return promise;
      },
      return: () => Promise.resolve({ value: end(), done: true }),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
  const sockets = new WebSocketServer({ server });
  const graphql = useServer({
    schema,
    roots: { query: { sum: () => sum }, mutation: { add }, subscription: { sums } },
    onConnect({ connectionParams }) {
      const token = String(connectionParams?.[name]);
      seen.push(token);
      return accepted.has(token.replace(/^Bearer /, ""));
    },
  }, sockets);
  const { port, close } = await listen(server);
  return {
    url: `ws://127.0.0.1:${port}`,
    seen,
    countSubscribers: () => tellers.size,
    async [Symbol.asyncDispose]() {
      await graphql.dispose();
      await close();
    },
  };
}

/** Opens a client, which is disposed of at the end. */
function openClient(url: string, options: ReturnType<typeof graphqlWsOptions>) {
  const client = createClient({ url, webSocketImpl: WebSocket, ...options });
  return {
    async add() {
      const answers = await Array.fromAsync(client.iterate({ query: "mutation { add(n: 1) }" }));
      return answers.map(({ data }) => data?.add);
    },
    /** Subscribes; gives the list of sums that come. */
    listenToSums() {
      const told: unknown[] = [];
      const sink = { next: ({ data }: { data?: Record<string, unknown> | null }) => told.push(data?.sums), error() {} };
      client.subscribe({ query: "subscription { sums }" }, { ...sink, complete() {} });
      return told;
    },
    [Symbol.asyncDispose]: async () => await client.dispose(),
  };
}

Deno.test("graphqlWsOptions: the connection is replaced for each new token, and operations go on", async () => {
  const accepted = new Set<string>();
  await using server = await startGraphqlServer(accepted);
  await using scene = adapterScene({ issue: (token) => accepted.add(token) });
  await using client = openClient(server.url, graphqlWsOptions(scene.authenticator));
  const told = client.listenToSums();
  for (let number = 1; number <= 3; number++) {
    await until(() => server.countSubscribers() === 1 && server.seen.length === number);
    assertEquals(await client.add(), [number]);
    await until(() => told.length === number);
    accepted.delete(`token-${number}`);
    await scene.authenticator.refreshCredentials();
  }
  await until(() => server.seen.length === 4);
  assertEquals([told, server.seen], [[1, 2, 3], [1, 2, 3, 4].map((number) => `Bearer token-${number}`)]);
  await client[Symbol.asyncDispose]();
  await until(() => scene.countListeners() === 0);
});

Deno.test("graphqlWsOptions: a token that the server rejects is refreshed, and the payload can be another", async () => {
  const accepted = new Set<string>();
  await using server = await startGraphqlServer(accepted, "token");
  await using scene = adapterScene({ issue: (token) => token !== "token-1" && accepted.add(token) });
  const params = ({ accessToken }: { accessToken: string }) => ({ token: accessToken });
  await using client = openClient(server.url, graphqlWsOptions(scene.authenticator, { params }));
  assertEquals(await client.add(), [1]);
  assertEquals(server.seen, ["token-1", "token-2"]);
  assertThrows(() => graphqlWsOptions(scene.authenticator, { params: 1 } as never), TypeError, "params must be");
});
