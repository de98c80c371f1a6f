import { assert, assertEquals } from "@std/assert";
import { answer, json } from "../faults/behaviours.ts";
import { type ArrivedRequest, type FaultServer, startFaultServer } from "../servers/fault_server.ts";
import { bundle } from "./bundle.ts";
import { testsOn } from "./tests_on.ts";
import { startWorker } from "./workerd.ts";
import { compatibilityDate, type WorkerdExecutable, workerdExecutable } from "./workerd_executable.ts";

const testOnWorkerd = await testsOn("workerd", workerdExecutable);

/** Ages of an hour's token in milliseconds: in its refresh window, in its last seconds, and after its end. */
const age = { old: 3_350_000, last: 3_580_000, expired: 3_600_001 };

/** An isolate, and its servers. */
interface Isolate extends AsyncDisposable {
  /** Sends a request; resolves to the status and the text of the answer. */
  get(path: string, signal?: AbortSignal): Promise<string>;
  /** The same, so many times at once. */
  gets(count: number, path: string): Promise<string[]>;
  readonly tokens: FaultServer;
  readonly api: FaultServer;
  /** Time the token endpoint takes, in milliseconds. */
  delay: number;
  /** Lifetime of its tokens, in seconds. */
  lifetime: number;
  /** Tokens that the API rejects. */
  readonly rejected: Set<string>;
}

async function startIsolate(workerd: WorkerdExecutable, date: string): Promise<Isolate> {
  await using stack = new AsyncDisposableStack();
  const state = { delay: 0, lifetime: 3600, rejected: new Set<string>() };
  let issued = 0;
  const tokens = stack.use(
    await startFaultServer((request) => {
      const token = { access_token: `${parseClient(request)}-${++issued}`, token_type: "Bearer" };
      return { steps: [{ wait: state.delay }, ...json({ ...token, expires_in: state.lifetime }).steps] };
    }),
  );
  const api = stack.use(
    await startFaultServer(({ headers }) => {
      const token = headers.get("authorization")?.slice("Bearer ".length) ?? "none";
      return state.rejected.has(token) ? answer("rejected", { status: 401 }) : answer(token);
    }),
  );
  const worker = stack.use(
    await startWorker(workerd.path, {
      script: await bundle(new URL("isolate_worker.ts", import.meta.url)),
      compatibilityDate: compatibilityDate(workerd, date),
      bindings: { API: api.origin, TOKEN_ENDPOINT: `${tokens.origin}/token` },
    }),
  );
  async function send(path: string, signal?: AbortSignal): Promise<string> {
    const patience = AbortSignal.timeout(10_000);
    const response = await fetch(new URL(path, worker.url), {
      signal: AbortSignal.any([signal ?? patience, patience]),
    });
    return `${response.status} ${await response.text()}`;
  }
  function get(path: string, signal?: AbortSignal): Promise<string> {
    const got = send(path, signal);
    // Where a test fails half-way, requests under way fail with it: unhandled, they would hide why.
    got.catch(() => {});
    return got;
  }
  function gets(count: number, path: string): Promise<string[]> {
    const got = Promise.all(Array.from({ length: count }, () => get(path)));
    got.catch(() => {});
    return got;
  }
  const started = stack.move();
  return Object.assign(state, { get, gets, tokens, api, [Symbol.asyncDispose]: () => started.disposeAsync() });
}

function parseClient({ headers }: ArrivedRequest): string {
  return atob(headers.get("authorization")?.slice("Basic ".length) ?? "").split(":")[0] ?? "";
}

/** Every answer must be the same. */
function assertAll(got: readonly string[], expected: string): void {
  assertEquals(new Set(got), new Set([expected]));
}

/** So many token requests, or fewer where `least` says so. */
function assertCount({ tokens }: Isolate, most: number, least = most): void {
  const { length } = tokens.requests;
  assert(length >= least && length <= most, `${length} token requests`);
}

/** Gets the first token, and lets it reach an age. */
async function useFirstToken({ get }: Isolate, age = 0): Promise<void> {
  assertEquals(await get("/call"), "200 a-1");
  await get(`/forward?value=${age}`);
}

async function endDuringRefresh(isolate: Isolate, age: number): Promise<void> {
  await useFirstToken(isolate, age);
  isolate.delay = 500;
  const leaving = isolate.get("/leave?value=100");
  await pause(50);

  assertAll(await isolate.gets(5, "/call"), "200 a-1");
  assertEquals(await leaving, "200 left");
  assertCount(isolate, 3, 2);
  // A refresh that a request carries isn't repeated for five seconds: it may have been cut short.
  await pause(1_100);
  await isolate.get("/forward?value=5000");
  assertEquals(await isolate.get("/call"), "200 a-3");
  assertCount(isolate, 3);
}

function pause(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}

const rejectFirstToken = async (isolate: Isolate) => {
  await useFirstToken(isolate);
  isolate.rejected.add("a-1");
};
const refuse = ({ tokens }: Isolate) =>
  tokens.next({ steps: [{ wait: 200 }, ...json({ error: "invalid_scope" }, { status: 400 }).steps] });
const beBusy = ({ tokens }: Isolate) => {
  const busy = { steps: [{ wait: 50 }, ...json({}, { status: 503 }).steps] };
  tokens.next(busy, busy);
};

type Prepare = (isolate: Isolate) => Promise<void> | void;

/** Requests at once: their number and path, the answer of each, all token requests, and what comes before. */
const atOnce: Readonly<Record<string, [count: number, path: string, string, tokenRequests: number, Prepare?]>> = {
  "first requests": [50, "/call", "200 a-1", 1],
  "refreshes": [20, "/refresh", "200 a-1", 1],
  "requests with an expired token": [50, "/call", "200 a-2", 2, (isolate) => useFirstToken(isolate, age.expired)],
  "requests with a rejected token": [20, "/call", "200 a-2", 2, rejectFirstToken],
  "refreshes that the server refuses": [20, "/refresh", "500 token_request_rejected", 1, refuse],
  "requests while the server answers 503 twice": [20, "/call", "200 a-1", 3, beBusy],
};

const tests: Readonly<Record<string, (isolate: Isolate) => Promise<void>>> = {
  async "an authenticator can be constructed outside of a request"({ get, tokens }) {
    assertEquals(await get("/early"), "200 nothing");
    assertEquals(tokens.requests.length, 0);
  },

  async "a request that ends during its token request: those that joined it get a token"(isolate) {
    isolate.delay = 600;
    const leaving = isolate.get("/leave?value=100");
    await pause(50);
    const joining = isolate.gets(10, "/call");

    assertEquals(await leaving, "200 left");
    assertAll(await joining, "200 a-2");
    assertAll(await isolate.gets(10, "/call"), "200 a-2");
    assertCount(isolate, 2);
  },

  async "a request that ends during its token request: the next one gets a token"(isolate) {
    isolate.delay = 200;
    assertEquals(await isolate.get("/leave?value=0"), "200 left");

    assertEquals(await isolate.get("/call"), `200 a-${isolate.tokens.requests.length}`);
    assertCount(isolate, 2, 1);
  },

  async "requests that end one after another during their token requests: the others get a token"(isolate) {
    isolate.delay = 400;
    const leaving = [];
    for (let count = 0; count < 4; count++) {
      leaving.push(isolate.get("/leave?value=150"));
      await pause(60);
    }
    const staying = isolate.gets(5, "/call");

    assertAll(await Promise.all(leaving), "200 left");
    for (const got of [...await staying, await isolate.get("/call")]) assert(got.startsWith("200 "), got);
    assertCount(isolate, 5, 1);
  },

  async "a request that ends while it replaces a rejected token: those that joined it get another"(isolate) {
    await rejectFirstToken(isolate);
    isolate.delay = 600;
    const leaving = isolate.get("/leave?value=200");
    await pause(100);
    const joining = isolate.gets(5, "/call");

    assertEquals(await leaving, "200 left");
    assertAll(await joining, "200 a-3");
    assertCount(isolate, 3);
  },

  async "a client that hangs up during its token request: those that joined it, and later ones, get a token"(isolate) {
    isolate.delay = 500;
    const controller = new AbortController();
    const leading = isolate.get("/call", controller.signal).catch(({ name }) => name);
    await pause(100);
    const joining = isolate.gets(10, "/call");
    await pause(100);
    controller.abort();

    assertEquals(await leading, "AbortError");
    for (const got of [...await joining, ...await isolate.gets(10, "/call")]) assert(got.startsWith("200 "), got);
    assertCount(isolate, 2, 1);
  },

  async "a request that keeps the isolate busy: causes no second token request"(isolate) {
    isolate.delay = 1_500;
    const waiting = isolate.gets(10, "/call");
    await pause(200);
    // As many rounds as take 300 ms or more on this machine.
    let started = performance.now();
    for (let rounds = 1e7; performance.now() - started < 300; rounds *= 2) {
      started = performance.now();
      await isolate.get(`/toil?value=${rounds}`);
    }

    assertAll(await waiting, "200 a-1");
    assertCount(isolate, 1);
  },

  async "with waitUntil: a token is refreshed in the background, and no request waits"(isolate) {
    for (const client of ["context", "imported"]) {
      const path = `/call?client=${client}`;
      isolate.delay = 0;
      const first = await isolate.get(path);
      const before = isolate.tokens.requests.length;
      await isolate.get(`/forward?value=${age.old}`);
      isolate.delay = 700;

      // That the later ones get the first token as well shows that the first of them didn't wait.
      assertAll([await isolate.get(path), ...await isolate.gets(5, path)], first);

      await pause(1_000);
      assertEquals(await isolate.get(path), `200 ${client}-${before + 1}`);
      assertCount(isolate, before + 1);
    }
  },

  async "without waitUntil: one request waits for the refresh, and the others use the live token"(isolate) {
    await useFirstToken(isolate, age.old);
    isolate.delay = 500;

    assertEquals((await isolate.gets(10, "/call")).sort(), [...Array(9).fill("200 a-1"), "200 a-2"]);
    assertEquals(await isolate.get("/call"), "200 a-2");
    assertCount(isolate, 2);
  },

  "a request that ends while it refreshes a token: the others use that, and a later one refreshes": (isolate) =>
    endDuringRefresh(isolate, age.old),

  "a request that ends while it refreshes a token in its last seconds: likewise": (isolate) =>
    endDuringRefresh(isolate, age.last),

  async "steady requests across the ends of short-lived tokens: all succeed, with few token requests"(isolate) {
    isolate.lifetime = 2;
    isolate.delay = 50;
    const until = performance.now() + 5_000;
    const visit = async () => {
      while (performance.now() < until) {
        const got = await isolate.get("/call");
        assert(got.startsWith("200 "), got);
        await pause(20);
      }
    };

    await Promise.all([visit(), visit(), visit(), visit()]);

    assert(isolate.api.requests.length > 100, `${isolate.api.requests.length} calls`);
    assertCount(isolate, 6, 2);
  },

  async "two clients: keep their tokens and their refreshes apart"(isolate) {
    isolate.delay = 300;
    const leaving = isolate.get("/leave?client=b&value=50");

    const [a, b] = await Promise.all([isolate.gets(10, "/call?client=a"), isolate.gets(10, "/call?client=b")]);
    await leaving;

    assertAll(a.map((got) => got.split("-")[0] ?? ""), "200 a");
    assertAll(b.map((got) => got.split("-")[0] ?? ""), "200 b");
    const clients = isolate.tokens.requests.map(parseClient);
    assertEquals(clients.filter((client) => client === "a").length, 1);
    assert(clients.filter((client) => client === "b").length <= 2, `${clients}`);
  },

  async "a failure that all waiting requests got: is over for a later one"(isolate) {
    refuse(isolate);
    await isolate.gets(20, "/refresh");
    await isolate.get("/forward?value=6000");

    assertEquals(await isolate.get("/call"), "200 a-1");
  },

  async "close, by another request: waiting and later requests are rejected"(isolate) {
    isolate.delay = 1_500;
    const waiting = isolate.gets(3, "/call");
    await pause(200);

    assertEquals(await isolate.get("/close"), "200 closed");
    isolate.delay = 0;
    const next = await isolate.get("/call");
    for (const got of [next, ...await waiting, await isolate.get("/call")]) {
      assert(got.startsWith("500 AbortError: "), got);
    }
  },
};

// Promises that two requests share differ: an old date lets them hang, a new one throws.
for (const date of ["2024-09-01", "2026-11-01"]) {
  for (const [what, [count, path, answer, tokenRequests, prepare]] of Object.entries(atOnce)) {
    testOnWorkerd(
      `in an isolate of ${date}: ${count} ${what}: make ${tokenRequests} token requests`,
      async (workerd) => {
        await using isolate = await startIsolate(workerd, date);
        await prepare?.(isolate);
        isolate.delay = 200;

        assertAll(await isolate.gets(count, path), answer);

        assertCount(isolate, tokenRequests);
      },
    );
  }
  for (const [name, test] of Object.entries(tests)) {
    testOnWorkerd(`in an isolate of ${date}: ${name}`, async (workerd) => {
      await using isolate = await startIsolate(workerd, date);
      await test(isolate);
    });
  }
}
