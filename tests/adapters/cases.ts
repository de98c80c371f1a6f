/**
 * What each client has to do.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { inspect } from "node:util";
import type { AdapterOptions } from "@m2m/authenticator/adapters/axios";
import { type Answer, type ClientUnderTest, type OpenClient, stream } from "./clients.ts";
import { startWorld, token, type World, type WorldOptions } from "./world.ts";

interface Scene extends World {
  readonly client: OpenClient;
  readonly under: ClientUnderTest;
  /** Calls a path of the API's. */
  call(path: string, ...rest: unknown[]): Promise<Answer>;
}

interface Case extends WorldOptions {
  readonly adapter?: AdapterOptions;
  /** For clients that follow redirects alone. */
  readonly redirects?: true;
  readonly run: (scene: Scene) => Promise<void>;
}

const post = (body: unknown) => ({ method: "POST", body });
/** The tokens that were sent. */
export const listTokens = (seen: readonly { token: string | undefined }[]) => seen.map(({ token }) => token);

/** Fails where a token shows in an error. */
export function assertHidden(error: unknown): void {
  for (const text of [inspect(error, { depth: 8 }), JSON.stringify(error) ?? "", String(error)]) {
    assert(!text.includes("planted"), text);
  }
}

async function fail(call: Promise<Answer>): Promise<Error> {
  const outcome = await call.then(({ error = "no error" }) => error, (error) => error);
  assert(outcome instanceof Error, String(outcome));
  assertHidden(outcome);
  return outcome;
}

/** By what they show. */
export const cases: Readonly<Record<string, Case>> = {
  "calls carry the token": {
    async run({ call, api, count }) {
      assertEquals((await call("/")).body.trim(), "GET");
      await call("/");
      assertEquals([listTokens(api.seen), count()], [["1", "1"], 1]);
    },
  },
  "each kind of body is sent again": {
    async run({ call, api, under, revoke }) {
      let revoked = 0;
      for (const [kind, make] of Object.entries(under.bodies)) {
        await call("/");
        revoke(++revoked);
        api.seen.length = 0;
        const { status, body } = await call("/", post(make()));
        assertEquals([status, listTokens(api.seen)], [200, [`${revoked}`, `${revoked + 1}`]], kind);
        assert(/a.body/.test(body), kind);
        assertEquals(...(api.seen.map((it) => it.body.replaceAll(/-{2,}\S+/g, "")) as [string, string]));
      }
    },
  },
  "a rejected call with a stream isn't sent again, and later calls have another token": {
    async run({ call, api, revoke, count }) {
      await call("/");
      revoke(1);
      assertEquals((await call("/", post(stream()))).status, 401);
      assertEquals((await call("/")).status, 200);
      assertEquals([api.seen.filter(({ body }) => body).length, api.seen.at(-1)?.token, count()], [1, "2", 2]);
    },
  },
  "calls that are rejected at once share one token request": {
    rejection: "x".repeat(200_000),
    async run({ call, revoke, count }) {
      await call("/");
      revoke(1);
      const answers = await Promise.all(Array.from({ length: 8 }, () => call("/", post("a body"))));
      assertEquals([answers.map(({ status }) => status), count()], [Array(8).fill(200), 2]);
    },
  },
  "a call that is rejected twice is the caller's": {
    async run({ call, api, revoke }) {
      await call("/");
      revoke(9);
      const answer = await call("/");
      assertEquals([answer.status, answer.body, listTokens(api.seen)], [401, "rejected", ["1", "1", "2"]]);
      assertHidden(answer.error);
    },
  },
  "a rejection is the caller's if the refresh fails": {
    answer: (count) => count > 1 ? Response.json({ error: "invalid_client" }, { status: 401 }) : issueFirst(),
    async run({ call, api, revoke }) {
      await call("/");
      revoke(1);
      const answer = await call("/", post("a body"));
      assertEquals([answer.status, answer.body, listTokens(api.seen)], [401, "rejected", ["1", "1"]]);
      assertHidden(answer.error);
    },
  },
  "other origins get no token, by call or by redirect, nor does the API by a redirect of theirs": {
    async run({ client, call, api, stranger, under }) {
      await client.call(`${stranger.origin}/`);
      if (under.redirects) {
        await call(`/?to=${encodeURIComponent(stranger.origin)}/there`);
        await client.call(`${stranger.origin}/?to=${encodeURIComponent(api.origin)}/here`);
        await call(`/?to=${encodeURIComponent(`${stranger.origin}/?to=${api.origin}/again`)}`);
      }
      assert(listTokens(stranger.seen).every((it) => it === undefined));
      const back = api.seen.filter(({ path }) => path === "/again");
      assertEquals([stranger.seen.length, listTokens(back)], under.redirects ? [4, [undefined]] : [1, []]);
    },
  },
  "a redirect within the API carries the token, under any header": {
    redirects: true,
    headerKey: "X-Token",
    async run({ call, api, stranger }) {
      assertEquals((await call("/?to=/there")).status, 200);
      await call(`/?to=${encodeURIComponent(stranger.origin)}/there`);
      assertEquals([listTokens(api.seen), listTokens(stranger.seen)], [["1", "1", "1"], [undefined]]);
    },
  },
  "a rejection after a redirect within the API is replayed": {
    redirects: true,
    async run({ call, api, revoke }) {
      await call("/");
      revoke(1);
      assertEquals((await call("/?to=/there&status=307", post("a body"))).body, "POST a body");
      assertEquals(api.seen.at(-1)?.token, "2");
    },
  },
  "other origins that are allowed get it": {
    async run({ client, under, authenticator, stranger }) {
      const allowing = under.open(authenticator, { allowedOrigins: [stranger.origin] });
      await allowing.call(`${stranger.origin}/`);
      await allowing.close();
      const own = under.open(authenticator.with({ allowedOrigins: [stranger.origin] }));
      await own.call(`${stranger.origin}/`);
      await own.close();
      await client.call(`${stranger.origin}/`);
      assertEquals(listTokens(stranger.seen), ["1", "2", undefined]);
    },
  },
  "the caller's own header stays": {
    async run({ call, api, count }) {
      assertEquals((await call("/", { headers: { Authorization: "Own" } })).status, 401);
      await call("/");
      assertEquals((await call("/", { headers: { Authorization: "Own" } })).status, 401);
      assertEquals([listTokens(api.seen), count()], [["Own", "1", "Own"], 1]);
    },
  },
  "the caller's own header is replaced, if the authenticator says so": {
    callerHeader: "replace",
    async run({ call, api, under, authenticator }) {
      const headers = { Authorization: "Own" };
      await call("/", { headers });
      const keeping = under.open(authenticator, { callerHeader: "keep" });
      await keeping.call(`${api.origin}/`, { headers });
      await keeping.close();
      assertEquals(listTokens(api.seen), ["1", "Own"]);
    },
  },
  "the caller's own header is replaced": {
    adapter: { callerHeader: "replace" },
    async run({ call, api, revoke }) {
      await call("/", { headers: { Authorization: "Own" } });
      revoke(1);
      assertEquals((await call("/", { headers: { authorization: "Own" } })).status, 200);
      assertEquals(listTokens(api.seen), ["1", "1", "2"]);
    },
  },
  "the program says what a rejection is": {
    adapter: {
      isRejected: ({ status, headers }) =>
        status === 200 && ["content-type", "Content-Type"].every((name) => headers.get(name) === "text/plain"),
    },
    async run({ call, api }) {
      await call("/");
      assertEquals(listTokens(api.seen), ["1", "2"]);
    },
  },
  "the signal ends the wait for a token, and no call is sent": {
    answer: () => new Promise<Response>(() => {}),
    async run({ call, api }) {
      const aborting = new AbortController();
      const failed = fail(call("/", { signal: aborting.signal }));
      await new Promise((resolve) => setTimeout(resolve, 20));
      aborting.abort();
      const { name } = await failed;
      assert(/Abort|Cancel/.test(name), name);
      assertEquals(api.seen, []);
    },
  },
  "the signal ends the wait for another token": {
    answer: (count) => count > 1 ? new Promise<Response>(() => {}) : issueFirst(),
    async run({ call, api, revoke, count }) {
      await call("/");
      revoke(1);
      const aborting = new AbortController();
      const failed = fail(call("/", { signal: aborting.signal }));
      while (count() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      aborting.abort();
      const { name } = await failed;
      assert(/Abort|Cancel/.test(name), name);
      assertEquals(listTokens(api.seen), ["1", "1"]);
    },
  },
  "errors don't show the token: abort, time-out, no connection": {
    async run({ call, api, close }) {
      const aborting = new AbortController();
      const aborted = fail(call("/silent", { signal: aborting.signal }));
      while (api.seen.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
      aborting.abort();
      await aborted;
      assertEquals(listTokens(api.seen), ["1"]);
      await fail(call("/silent", { timeout: 50 }));
      await close();
      await fail(call("/"));
    },
  },
  "no token: the error is the caller's": {
    answer: () => Response.json({ error: "invalid_client" }, { status: 401 }),
    async run({ call, api }) {
      const error = await fail(call("/"));
      const { code } = (error.name === "AuthenticationError" ? error : error.cause) as { code?: string };
      assertEquals([code, api.seen], ["token_request_rejected", []]);
    },
  },
};

function issueFirst(): Response {
  return Response.json({ access_token: token(1), token_type: "Bearer", expires_in: 3600 });
}

/** Tries a client; rejects with the first failure. */
export async function tryCase({ adapter, redirects, run, ...options }: Case, under: ClientUnderTest): Promise<void> {
  if (redirects && !under.redirects) return;
  const world = await startWorld(options);
  const client = under.open(world.authenticator, adapter);
  try {
    await run({
      ...world,
      client,
      under,
      call: (path, ...rest) => client.call(`${world.api.origin}${path}`, ...rest as []),
    });
  } finally {
    await client.close();
    await world.close();
  }
}
