/**
 * What is true of one client alone.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { amqpCredentials } from "@m2m/authenticator/adapters/amqp";
import { authenticateAxios } from "@m2m/authenticator/adapters/axios";
import { azureCredential } from "@m2m/authenticator/adapters/azure";
import { authenticateElasticsearch } from "@m2m/authenticator/adapters/elasticsearch";
import { gotHooks } from "@m2m/authenticator/adapters/got";
import { graphqlWsOptions } from "@m2m/authenticator/adapters/graphql-ws";
import { oauthBearerProvider } from "@m2m/authenticator/adapters/kafka";
import { redisCredentials } from "@m2m/authenticator/adapters/redis";
import { undiciInterceptor } from "@m2m/authenticator/adapters/undici";
import { connectImap, nodemailerProvision } from "@m2m/authenticator/adapters/xoauth2";
import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createEmptyPipeline,
  createPipelineRequest,
} from "npm:@azure/core-rest-pipeline@1.25.1";
import { Client, HttpConnection, UndiciConnection } from "npm:@elastic/elasticsearch@9.5.1";
import axios from "npm:axios@1.21.1";
import got from "npm:got@16.1.0";
import { Agent, Client as UndiciClient, MockAgent, request } from "npm:undici@7.30.2";
import { assertHidden, listTokens } from "./cases.ts";
import { issue, startWorld, token, type World, type WorldOptions } from "./world.ts";

interface OwnCase extends WorldOptions {
  readonly run: (world: World) => Promise<void>;
}

/** A call by Azure's pipeline. It insists on `https:`, where the API speaks `http:`. */
function sendAzure(credential: ReturnType<typeof azureCredential>, { api }: World) {
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes: ["api:read"] }));
  const client = createDefaultHttpClient();
  return () =>
    pipeline.sendRequest({
      sendRequest(request) {
        request.url = request.url.replace("https:", "http:");
        return client.sendRequest(request);
      },
    }, createPipelineRequest({ url: api.origin.replace("http:", "https:"), allowInsecureConnection: true }));
}

/** By what they show. */
export const ownCases: Readonly<Record<string, OwnCase>> = {
  "axios: other interceptors see each call once, as it was without us; a transform is given the same data again": {
    async run({ api, authenticator, revoke }) {
      const client = axios.create({ transformRequest: [(data) => `<${data}>`] });
      authenticateAxios(client, authenticator);
      const log: unknown[] = [];
      client.interceptors.request.use((config) => (log.push(config.data), config));
      client.interceptors.response.use((response) => {
        log.push(response.config.headers.has("authorization"), response.config.data);
        return response;
      });
      await client.post(api.origin, "a");
      revoke(1);
      const response = await client.post(api.origin, "b", { validateStatus: () => true });
      assertEquals([response.status, log], [200, ["a", false, "<a>", "b", false, "<b>"]]);
      assertEquals(api.seen.map(({ body }) => body), ["<a>", "<b>", "<b>"]);
      assertHidden(response);
    },
  },
  "axios: a call is made again by the settings of an error or a response": {
    async run({ api, authenticator, revoke }) {
      const client = axios.create();
      authenticateAxios(client, authenticator);
      const { config } = await client.get(`${api.origin}/busy`).catch((error) => error);
      revoke(1);
      const again = await client.request(config);
      revoke(2);
      await client.request(again.config);
      assertEquals(listTokens(api.seen), ["1", "1", "2", "2", "3"]);
    },
  },
  "axios: a stream of an answer is replayed, and the caller's own settings stay": {
    async run({ api, authenticator, revoke }) {
      const client = axios.create({ baseURL: `${api.origin}/base` });
      authenticateAxios(client, authenticator);
      await client.get("/");
      revoke(1);
      const redirects: string[] = [];
      const beforeRedirect = ({ path }: Record<string, string>) => void redirects.push(path!);
      const settings = { responseType: "stream", params: { to: "/there" }, beforeRedirect } as const;
      const { data, config } = await client.get("one", settings);
      assertEquals([await new Response(Readable.toWeb(data) as BodyInit).text(), redirects], ["GET ", ["/there"]]);
      assertEquals([config.beforeRedirect, api.seen.at(-2)?.path], [beforeRedirect, "/base/one?to=%2Fthere"]);
    },
  },
  "axios: a user name and password are the caller's own": {
    async run({ api, authenticator }) {
      const client = axios.create({ auth: { username: "a", password: "b" }, validateStatus: () => true });
      const eject = authenticateAxios(client, authenticator);
      await client.get(api.origin);
      eject();
      authenticateAxios(client, authenticator, { callerHeader: "replace" });
      await client.get(api.origin);
      assertEquals(listTokens(api.seen), ["Basic YTpi", "1"]);
    },
  },
  "axios: the interceptors are ejected": {
    async run({ api, authenticator }) {
      const client = axios.create({ validateStatus: () => true });
      authenticateAxios(client, authenticator)();
      await client.get(api.origin);
      assertEquals(listTokens(api.seen), [undefined]);
      assertThrows(() => authenticateAxios({} as typeof client, authenticator), TypeError, "client must be axios");
    },
  },
  "got: a retry of its own has the token, and is no caller's header": {
    async run({ api, authenticator }) {
      const client = got.extend(gotHooks(authenticator), { retry: { backoffLimit: 1 } });
      assertEquals(await client(`${api.origin}/busy`).text(), "GET ");
      assertEquals(listTokens(api.seen), ["1", "1"]);
    },
  },
  "got: a stream has the token, and its rejection is the caller's": {
    async run({ api, authenticator, revoke }) {
      const client = got.extend(gotHooks(authenticator));
      assertEquals(String(await client.stream(api.origin).toArray()), "GET ");
      revoke(1);
      await assertRejects(() => client.stream(api.origin).toArray());
      assertEquals(listTokens(api.seen), ["1", "1"]);
    },
  },
  "got: JSON is replayed where errors aren't thrown, and an aborted call leaves no listener": {
    async run({ api, authenticator, revoke }) {
      const client = got.extend(gotHooks(authenticator), { throwHttpErrors: false });
      await client(api.origin);
      revoke(1);
      const { signal } = new AbortController();
      const count = { added: 0, removed: 0 };
      const [add, remove] = [signal.addEventListener, signal.removeEventListener];
      signal.addEventListener = (...args: Parameters<typeof add>) => (count.added++, add.apply(signal, args));
      signal.removeEventListener = (...args: Parameters<typeof add>) => (count.removed++, remove.apply(signal, args));
      assertEquals(await client.post(api.origin, { json: { a: 1 }, signal }).text(), 'POST {"a":1}');
      assert(count.removed >= count.added, JSON.stringify(count));
    },
  },
  "undici: headers in each form": {
    async run({ api, authenticator }) {
      const agent = new Agent();
      const dispatcher = agent.compose(undiciInterceptor(authenticator));
      const forms = [{ "x-a": "1" }, ["x-a", "1"], [["x-a", "1"]], new Map([["x-a", "1"]]), { "x-a": ["1"] }];
      for (const headers of forms) {
        const options = { dispatcher, headers } as unknown as Parameters<typeof request>[1];
        await (await request(api.origin, options)).body.dump();
      }
      assertEquals(api.seen.map(({ token, headers }) => [token, headers["x-a"]]), forms.map(() => ["1", "1"]));
      await agent.close();
    },
  },
  "undici: a request that names no origin is refused": {
    async run({ api, authenticator }) {
      const client = new UndiciClient(api.origin);
      const composed = client.compose(undiciInterceptor(authenticator));
      await assertRejects(
        () => composed.request({ path: "/", method: "GET" }),
        TypeError,
        "the request has no origin. Pass it",
      );
      const { statusCode, body } = await composed.request({ path: "/", method: "GET", origin: api.origin });
      assertEquals([statusCode, await body.text()], [200, "GET "]);
      await client.close();
    },
  },
  "undici: a signal ends the wait for another token, also where the response doesn't pause": {
    answer: (count) => count > 1 ? new Promise<Response>(() => {}) : issue(count),
    async run({ api, authenticator }) {
      const agent = new MockAgent();
      agent.get(api.origin).intercept({ path: "/" }).reply(401, "rejected");
      const dispatcher = agent.compose(undiciInterceptor(authenticator));
      await assertRejects(() => request(api.origin, { dispatcher, signal: AbortSignal.timeout(20) }), DOMException);
      await agent.close();
    },
  },
  "elasticsearch: a header of the node's own, in any letter case": {
    async run({ api, authenticator }) {
      for (const Base of [HttpConnection, UndiciConnection]) {
        for (const callerHeader of ["keep", "replace"] as const) {
          const Connection = authenticateElasticsearch(Base, authenticator, { callerHeader });
          const node = { url: new URL(api.origin), headers: { Authorization: "Own" } };
          const client = new Client({ node, Connection, maxRetries: 0 });
          await client.ping().catch(() => {});
          await client.close();
        }
      }
      assertEquals(listTokens(api.seen), ["Own", "1", "Own", "1"]);
    },
  },
  "elasticsearch: by Node's own connections, and its diagnostics don't show the token": {
    async run({ api, authenticator, revoke }) {
      const Connection = authenticateElasticsearch(HttpConnection, authenticator);
      const client = new Client({ node: api.origin, Connection });
      const log: unknown[] = [];
      client.diagnostic.on("request", (_, result) => log.push(result));
      client.diagnostic.on("response", (_, result) => log.push(result));
      await client.ping();
      revoke(1);
      await client.index({ index: "one", document: { a: 1 } }, { signal: new AbortController().signal });
      assertEquals([listTokens(api.seen), api.seen.at(-1)?.body], [["1", "1", "2"], '{"a":1}']);
      assertHidden(log);
      await client.close();
    },
  },
  "azure: the pipeline's calls carry the token, and soon the one that replaced it": {
    async run(world) {
      const { api, authenticator } = world;
      const send = sendAzure(azureCredential(authenticator), world);
      assertEquals((await send()).status, 200);
      await authenticator.refreshCredentials();
      await send();
      await send();
      assertEquals([listTokens(api.seen).at(-1), world.forms.map((it) => it.get("scope"))], ["2", [null, null]]);
    },
  },
  "azure: claims that the API demands are asked for, and asked for again": {
    challenge: `Bearer error="insufficient_claims", claims="${btoa('{"a":1}')}"`,
    async run(world) {
      const { api, authenticator, forms, revoke } = world;
      const send = sendAzure(azureCredential(authenticator, { scopesFrom: "client" }), world);
      await send();
      for (const count of [1, 2]) {
        revoke(count);
        assertEquals((await send()).status, 200);
      }
      assertEquals(listTokens(api.seen), ["1", "1", "2", "2", "3"]);
      const claims = '{"a":1}';
      assertEquals(forms.map((it) => [it.get("scope"), it.get("claims")]), [
        ["api:read", null],
        ["api:read", claims],
        ["api:read", claims],
      ]);
    },
  },
  "azure: what looks like a signal ends the wait": {
    answer: () => new Promise<Response>(() => {}),
    async run({ authenticator }) {
      const listeners = new Set<() => void>();
      const abortSignal = {
        aborted: false,
        addEventListener: (_: "abort", listener: () => void) => void listeners.add(listener),
        removeEventListener: (_: "abort", listener: () => void) => void listeners.delete(listener),
      };
      const waiting = azureCredential(authenticator).getToken("a", { abortSignal });
      for (const listener of listeners) listener();
      await assertRejects(() => waiting, DOMException, "aborted");
      assertEquals(listeners.size, 0);
    },
  },
  "azure: a token says when it expires, and what it is": {
    async run({ authenticator }) {
      const given = await azureCredential(authenticator).getToken("a");
      const { expiresAt } = await authenticator.getCredentials();
      assertEquals([given.token, given.tokenType, given.expiresOnTimestamp], [token(1), "Bearer", expiresAt]);
      assert(given.refreshAfterTimestamp <= Date.now());
    },
  },
  "all: isRejected returns no promise": {
    async run({ api, authenticator }) {
      const isRejected = (() => Promise.resolve(false)) as unknown as () => boolean;
      const client = axios.create();
      authenticateAxios(client, authenticator, { isRejected });
      await assertRejects(
        () => client.get(api.origin),
        TypeError,
        "isRejected must be a function that returns a boolean",
      );
      assertEquals(listTokens(api.seen), ["1"]);
    },
  },
  "all: a sender-constrained token isn't sent": {
    answer: (count) => Response.json({ access_token: token(count), token_type: "DPoP" }),
    async run({ api, authenticator }) {
      const bound = Object.create(authenticator, {
        getCredentials: { value: () => Promise.resolve({ accessToken: "t", tokenType: "DPoP" }) },
        authorize: { value: (headers: Headers) => (headers.set("authorization", "DPoP t"), Promise.resolve(headers)) },
        explain: { value: () => ({ endpoint: api.origin, isRefreshing: false }) },
        onToken: { value: () => () => {} },
        with: { value: () => bound },
      });
      const client = axios.create();
      authenticateAxios(client, bound);
      const error = await client.get(api.origin).catch((error) => error);
      assertMatch(
        error.message,
        /^Cannot send a sender-constrained token by this client: .* Use authenticator\.fetch\.$/,
      );
      await assertRejects(() => azureCredential(bound).getToken("a"), TypeError, "Cannot give a sender-constrained");
      const provision = promisify((callback: (error: Error | null) => void) =>
        nodemailerProvision(bound)("user", false, callback)
      );
      const others = [
        () => amqpCredentials(bound),
        () => connectImap(bound, () => ({ connect: () => Promise.resolve() })),
        () => graphqlWsOptions(bound).connectionParams(),
        () => oauthBearerProvider(bound)(),
        () => provision(),
        () => redisCredentials(bound, { username: "user" }).subscribe({ onNext() {}, onError() {} }),
      ];
      for (const use of others) await assertRejects(use, TypeError, "Use an authenticator without dpop.");
      assertEquals(api.seen, []);
    },
  },
};

/** Tries one; rejects with what is wrong. */
export async function tryOwnCase({ run, ...options }: OwnCase): Promise<void> {
  const world = await startWorld(options);
  try {
    await run(world);
  } finally {
    await world.close();
  }
}
