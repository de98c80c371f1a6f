import { assert, assertEquals } from "@std/assert";
import { answer, json } from "../faults/behaviours.ts";
import { type ArrivedRequest, type FaultServer, startFaultServer } from "../servers/fault_server.ts";
import { bundle } from "./bundle.ts";
import { testsOn } from "./tests_on.ts";
import { startWorker } from "./workerd.ts";
import { compatibilityDate, type WorkerdExecutable, workerdExecutable } from "./workerd_executable.ts";

const testOnWorkerd = await testsOn("workerd", workerdExecutable);

/** How far into an hour's token its early window, its very end, and its death are, in milliseconds. */
const age = { early: 3_350_000, late: 3_580_000, dead: 3_600_001 };

/** One isolate, and the servers it has to do with. */
interface Isolate extends AsyncDisposable {
  /** Sends a request; resolves to what was answered, and how long that took. Fails where nothing comes. */
  get(path: string, options?: { signal?: AbortSignal }): Promise<Got>;
  /** Several at once. */
  gets(count: number, path: string): Promise<Got[]>;
  readonly tokens: FaultServer;
  readonly api: FaultServer;
  /** How long the token endpoint takes, in milliseconds. */
  delay: number;
  /** How long its tokens live, in seconds. */
  lifetime: number;
  /** Tokens that the API doesn't take. */
  readonly refused: Set<string>;
}

interface Got {
  readonly status: number;
  readonly text: string;
  readonly time: number;
}

let script: Promise<string> | undefined;

async function startIsolate(workerd: WorkerdExecutable, date: string): Promise<Isolate> {
  script ??= bundle(new URL("isolate_worker.ts", import.meta.url));
  await using stack = new AsyncDisposableStack();
  const state = { delay: 0, lifetime: 3600 };
  const refused = new Set<string>();
  let issued = 0;
  const tokens = stack.use(
    await startFaultServer((request) => {
      const token = {
        access_token: `${clientOf(request)}-${++issued}`,
        token_type: "Bearer",
        expires_in: state.lifetime,
      };
      const { steps } = json(token);
      return { steps: [{ wait: state.delay }, ...steps] };
    }),
  );
  const api = stack.use(
    await startFaultServer(({ headers }) => {
      const token = headers.get("authorization")?.slice("Bearer ".length) ?? "none";
      return refused.has(token) ? answer("refused", { status: 401 }) : answer(token);
    }),
  );
  const worker = stack.use(
    await startWorker(workerd.path, {
      script: await script,
      compatibilityDate: compatibilityDate(workerd, date),
      bindings: { API: api.origin, TOKEN_ENDPOINT: `${tokens.origin}/token` },
    }),
  );
  async function send(path: string, { signal }: { signal?: AbortSignal } = {}): Promise<Got> {
    const started = performance.now();
    const patience = AbortSignal.timeout(10_000);
    const response = await fetch(new URL(path, worker.url), {
      signal: signal === undefined ? patience : AbortSignal.any([signal, patience]),
    });
    return { status: response.status, text: await response.text(), time: performance.now() - started };
  }
  /** Where a law is broken half-way, what is still under way fails with it: that is to disturb nobody else. */
  function get(path: string, options?: { signal?: AbortSignal }): Promise<Got> {
    const got = send(path, options);
    got.catch(() => {});
    return got;
  }
  function gets(count: number, path: string): Promise<Got[]> {
    const got = Promise.all(Array.from({ length: count }, () => get(path)));
    got.catch(() => {});
    return got;
  }
  const started = stack.move();
  return Object.assign(state, {
    get,
    gets,
    tokens,
    api,
    refused,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  });
}

function clientOf({ headers }: ArrivedRequest): string {
  return atob(headers.get("authorization")?.slice("Basic ".length) ?? "").split(":")[0] ?? "";
}

/** What requests were answered, without how long it took. */
function answers(...got: readonly Got[]): string[] {
  return got.map(({ status, text }) => `${status} ${text}`);
}

function pause(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}

/** What must hold of an isolate, whatever the date. */
const laws: Readonly<Record<string, (isolate: Isolate) => Promise<void>>> = {
  async "an authenticator can be built outside of any request"({ get, tokens }) {
    assertEquals(answers(await get("/early")), ["200 nothing"]);
    assertEquals(tokens.requests.length, 0);
  },

  async "50 first requests at once make one token request"(isolate) {
    isolate.delay = 300;

    const got = await isolate.gets(50, "/call");

    assertEquals(new Set(answers(...got)), new Set(["200 a-1"]));
    assertEquals(isolate.tokens.requests.length, 1);
  },

  async "a leading request that ends first leaves the lead to one that joined, and nothing is poisoned"(isolate) {
    isolate.delay = 600;
    const leaving = isolate.get("/leave?value=100");
    await pause(50);
    const joining = isolate.gets(10, "/call");

    assertEquals(answers(await leaving), ["200 left"]);
    assertEquals(new Set(answers(...await joining)), new Set(["200 a-2"]));
    const later = await isolate.gets(10, "/call");

    assertEquals(new Set(answers(...later)), new Set(["200 a-2"]));
    assertEquals(isolate.tokens.requests.length, 2);
  },

  async "a request that comes after the leading one has left is served at once"(isolate) {
    isolate.delay = 200;
    assertEquals(answers(await isolate.get("/leave?value=0")), ["200 left"]);

    const got = await isolate.get("/call");

    assertEquals(answers(got), [`200 a-${isolate.tokens.requests.length}`]);
    assert(got.time < 2_000, `${got.time} ms`);
    assert(isolate.tokens.requests.length <= 2, `${isolate.tokens.requests.length} token requests`);
  },

  async "leading requests that leave one after another keep nobody from being served"(isolate) {
    isolate.delay = 400;
    const leaving = [];
    for (let count = 0; count < 4; count++) {
      leaving.push(isolate.get("/leave?value=150"));
      await pause(60);
    }
    const staying = isolate.gets(5, "/call");

    assertEquals(new Set(answers(...await Promise.all(leaving))), new Set(["200 left"]));
    assertEquals(new Set((await staying).map(({ status }) => status)), new Set([200]));
    assert(isolate.tokens.requests.length <= 5, `${isolate.tokens.requests.length} token requests`);
    assertEquals((await isolate.get("/call")).status, 200);
  },

  async "a leading request that ends while it replaces a refused token leaves that to another"(isolate) {
    await isolate.get("/call");
    isolate.refused.add("a-1");
    isolate.delay = 600;
    const leaving = isolate.get("/leave?value=200");
    await pause(100);
    const joining = isolate.gets(5, "/call");

    assertEquals(answers(await leaving), ["200 left"]);
    assertEquals(new Set(answers(...await joining)), new Set(["200 a-3"]));
    assertEquals(isolate.tokens.requests.length, 3);
  },

  async "a client that hangs up while it leads takes nothing from those who joined, or came later"(isolate) {
    isolate.delay = 500;
    const controller = new AbortController();
    const leading = isolate.get("/call", { signal: controller.signal }).catch(({ name }) => name);
    await pause(100);
    const joining = isolate.gets(10, "/call");
    await pause(100);
    controller.abort();

    assertEquals(await leading, "AbortError");
    assertEquals(new Set((await joining).map(({ status }) => status)), new Set([200]));
    assertEquals(new Set((await isolate.gets(10, "/call")).map(({ status }) => status)), new Set([200]));
    assert(isolate.tokens.requests.length <= 2, `${isolate.tokens.requests.length} token requests`);
  },

  async "a request that keeps the isolate busy for long makes nobody take over"(isolate) {
    isolate.delay = 1_500;
    const waiting = isolate.gets(10, "/call");
    await pause(200);
    // As many rounds as take 300 ms or more on this machine.
    let rounds = 1e7;
    while ((await isolate.get(`/toil?value=${rounds}`)).time < 300) rounds *= 2;

    assertEquals(new Set(answers(...await waiting)), new Set(["200 a-1"]));
    assertEquals(isolate.tokens.requests.length, 1);
  },

  async "with waitUntil a token is renewed behind the response, and nobody waits"(isolate) {
    for (const client of ["context", "imported"]) {
      const path = `/call?client=${client}`;
      isolate.delay = 0;
      const { text: first } = await isolate.get(path);
      const before = isolate.tokens.requests.length;
      await isolate.get(`/forward?value=${age.early}`);
      isolate.delay = 700;

      const got = await isolate.get(path);
      const others = await isolate.gets(5, path);

      assertEquals(new Set(answers(got, ...others)), new Set([`200 ${first}`]));
      assert(got.time < 600, `${client}: ${got.time} ms`);
      await pause(1_000);
      assertEquals(answers(await isolate.get(path)), [`200 ${client}-${before + 1}`]);
      assertEquals(isolate.tokens.requests.length, before + 1, client);
    }
  },

  async "without waitUntil one request waits for the renewal, and the others use the live token"(isolate) {
    await isolate.get("/call");
    await isolate.get(`/forward?value=${age.early}`);
    isolate.delay = 500;

    const got = await isolate.gets(10, "/call");

    assertEquals(answers(...got).sort(), [...Array(9).fill("200 a-1"), "200 a-2"]);
    assertEquals(got.filter(({ time }) => time >= 450).length, 1);
    assertEquals(answers(await isolate.get("/call")), ["200 a-2"]);
    assertEquals(isolate.tokens.requests.length, 2);
  },

  async "a request that ends while it renews a live token leaves that to another, and nothing is poisoned"(isolate) {
    await isolate.get("/call");
    await isolate.get(`/forward?value=${age.early}`);
    isolate.delay = 500;
    const leaving = isolate.get("/leave?value=100");
    await pause(50);
    const meanwhile = await isolate.gets(5, "/call");

    assertEquals(answers(await leaving), ["200 left"]);
    assertEquals(new Set(answers(...meanwhile)), new Set(["200 a-1"]));
    // A refresh that a request carries isn't repeated for five seconds: it may have been cut short.
    await pause(1_100);
    await isolate.get("/forward?value=5000");
    const [next] = await isolate.gets(1, "/call");
    assertEquals(answers(next as Got), ["200 a-3"]);
    assertEquals(isolate.tokens.requests.length, 3);
  },

  async "at a token's very end a request that ends while it refreshes leaves others the token, and that to a later one"(
    isolate,
  ) {
    await isolate.get("/call");
    await isolate.get(`/forward?value=${age.late}`);
    isolate.delay = 500;
    const leaving = isolate.get("/leave?value=100");
    await pause(50);
    const got = await isolate.gets(5, "/call");

    assertEquals(answers(await leaving), ["200 left"]);
    assertEquals(new Set(answers(...got)), new Set(["200 a-1"]));
    assert(isolate.tokens.requests.length <= 3, `${isolate.tokens.requests.length} token requests`);
    await pause(1_100);
    await isolate.get("/forward?value=5000");
    assertEquals(answers(await isolate.get("/call")), ["200 a-3"]);
  },

  async "50 requests at once with a dead token make one token request"(isolate) {
    await isolate.get("/call");
    await isolate.get(`/forward?value=${age.dead}`);
    isolate.delay = 200;

    const got = await isolate.gets(50, "/call");

    assertEquals(new Set(answers(...got)), new Set(["200 a-2"]));
    assertEquals(isolate.tokens.requests.length, 2);
  },

  async "20 requests at once with a refused token make one token request"(isolate) {
    await isolate.get("/call");
    isolate.refused.add("a-1");
    isolate.delay = 200;

    const got = await isolate.gets(20, "/call");

    assertEquals(new Set(answers(...got)), new Set(["200 a-2"]));
    assertEquals(isolate.tokens.requests.length, 2);
  },

  async "steady requests across the ends of short-lived tokens all succeed, for few token requests"(isolate) {
    isolate.lifetime = 2;
    isolate.delay = 50;
    const statuses = new Set<number>();
    const until = performance.now() + 5_000;
    const visit = async () => {
      while (performance.now() < until) {
        statuses.add((await isolate.get("/call")).status);
        await pause(20);
      }
    };

    await Promise.all([visit(), visit(), visit(), visit()]);

    assertEquals(statuses, new Set([200]));
    assert(isolate.api.requests.length > 100, `${isolate.api.requests.length} calls`);
    assert(isolate.tokens.requests.length <= 6, `${isolate.tokens.requests.length} token requests`);
  },

  async "two clients keep their tokens and their renewals apart"(isolate) {
    isolate.delay = 300;
    const leaving = isolate.get("/leave?client=b&value=50");

    const [a, b] = await Promise.all([isolate.gets(10, "/call?client=a"), isolate.gets(10, "/call?client=b")]);
    await leaving;

    assertEquals(new Set([...a, ...b].map(({ status }) => status)), new Set([200]));
    assertEquals(new Set(a.map(({ text }) => text.split("-")[0])), new Set(["a"]));
    assertEquals(new Set(b.map(({ text }) => text.split("-")[0])), new Set(["b"]));
    const perClient = isolate.tokens.requests.map(clientOf);
    assertEquals(perClient.filter((client) => client === "a").length, 1);
    assert(perClient.filter((client) => client === "b").length <= 2, `${perClient}`);
  },

  async "a failure is told to all who wait, and over with the next request"(isolate) {
    isolate.tokens.next({ steps: [{ wait: 200 }, ...json({ error: "invalid_scope" }, { status: 400 }).steps] });

    const got = await isolate.gets(20, "/refresh");

    assertEquals(new Set(answers(...got)), new Set(["500 token_request_rejected"]));
    assertEquals(isolate.tokens.requests.length, 1);
    await isolate.get("/forward?value=6000");
    assertEquals(answers(await isolate.get("/call")), ["200 a-1"]);
  },

  async "trouble that passes is waited for by all who wait, together"(isolate) {
    const busy = { steps: [{ wait: 50 }, ...json({}, { status: 503 }).steps] };
    isolate.tokens.next(busy, busy);

    const got = await isolate.gets(20, "/call");

    assertEquals(new Set(answers(...got)), new Set(["200 a-1"]));
    assertEquals(isolate.tokens.requests.length, 3);
  },

  async "20 refreshes at once make one token request"(isolate) {
    isolate.delay = 200;

    const got = await isolate.gets(20, "/refresh");

    assertEquals(new Set(answers(...got)), new Set(["200 a-1"]));
    assertEquals(isolate.tokens.requests.length, 1);
  },

  async "close, called by another request, ends the wait, and nothing is poisoned"(isolate) {
    isolate.delay = 1_500;
    const waiting = isolate.gets(3, "/call");
    await pause(200);

    assertEquals(answers(await isolate.get("/close")), ["200 closed"]);
    isolate.delay = 0;
    const closed = "500 AbortError: The authenticator was closed.";
    assertEquals(answers(await isolate.get("/call")), [closed], "a call right after it");

    const got = await waiting;
    assertEquals(new Set(answers(...got)), new Set([closed]));
    assert(got.every(({ time }) => time < 1_200), `${got.map(({ time }) => time)}`);
    assertEquals(answers(await isolate.get("/call")), [closed]);
  },
};

// What becomes of a promise that two requests share differs: an old date lets it hang, a new one throws.
for (const date of ["2024-09-01", "2026-11-01"]) {
  for (const [law, hold] of Object.entries(laws)) {
    testOnWorkerd(`in an isolate of ${date}: ${law}`, async (workerd) => {
      await using isolate = await startIsolate(workerd, date);
      await hold(isolate);
    });
  }
}
