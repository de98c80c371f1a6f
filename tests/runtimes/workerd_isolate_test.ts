import { assert, assertEquals, assertGreater } from "@std/assert";
import { answer, json } from "../faults/behaviours.ts";
import { type ArrivedRequest, startFaultServer } from "../servers/fault_server.ts";
import { type StartWorker, testOnWorkerd } from "./every_runtime.ts";
import { pause } from "./suite/world.ts";

/** Ages of an hour's token in milliseconds: in its refresh window, in its last seconds, and after its end. */
const age = { old: 3_350_000, last: 3_580_000, expired: 3_600_001 };

type Isolate = Awaited<ReturnType<typeof startIsolate>>;

/** An isolate, and its servers. */
async function startIsolate(start: StartWorker) {
  await using stack = new AsyncDisposableStack();
  // The token endpoint's delay in milliseconds, the lifetime of its tokens in seconds, and those that the API rejects.
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
  const worker = stack.use(await start({ bindings: { API: api.origin, TOKEN_ENDPOINT: `${tokens.origin}/token` } }));
  // Both resolve to the status and the text of the answer.
  const get = (path: string, signal = AbortSignal.timeout(10_000)) =>
    handled(fetch(new URL(path, worker.url), { signal }).then(async (got) => `${got.status} ${await got.text()}`));
  const gets = (count: number, path: string) => handled(Promise.all(Array.from({ length: count }, () => get(path))));
  return Object.assign(stack.move(), { get, gets, tokens, api, state });
}

/** Where a test fails half-way, requests under way fail with it: unhandled, they would hide why. */
function handled<T>(got: Promise<T>): Promise<T> {
  got.catch(() => {});
  return got;
}

function parseClient({ headers }: ArrivedRequest): string {
  return atob(headers.get("authorization")?.slice("Basic ".length) ?? "").split(":")[0] ?? "";
}

/** Every answer must be the same, or start so. */
function assertAll(got: readonly string[], expected: string): void {
  assertEquals(got.filter((each) => expected.endsWith(" ") ? !each.startsWith(expected) : each !== expected), []);
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

const rejectFirstToken = async (isolate: Isolate) => {
  await useFirstToken(isolate);
  isolate.state.rejected.add("a-1");
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

/**
 * Requests that end before their token request does: the time that takes; how many end, one after another, each after
 * so many milliseconds; how many join them; the answer of those and of ten later ones, or its start; the most and the
 * fewest token requests; what comes before; whether their clients hang up. Default: they return.
 */
type Leaving = [number, [number, number], number, string, [number, number], (Prepare | undefined)?, true?];

const leaving: Readonly<Record<string, Leaving>> = {
  "during its token request: those that joined it get a token": [600, [1, 100], 10, "200 a-2", [2, 2]],
  "at once: the next ones get a token": [200, [1, 0], 0, "200 ", [2, 1]],
  "during its token request, as do three more: the others get a token": [400, [4, 150], 5, "200 ", [5, 1]],
  "during a rejected token's replacement: others get one": [600, [1, 200], 5, "200 a-3", [3, 3], rejectFirstToken],
  "by a client that hangs up: all others get a token": [500, [1, 200], 10, "200 ", [2, 1], undefined, true],
};

async function endEarly(isolate: Isolate, row: Leaving): Promise<void> {
  const [delay, [count, time], join, answer, tokenRequests, prepare, hangUp] = row;
  await prepare?.(isolate);
  isolate.state.delay = delay;
  const leave = () =>
    hangUp
      ? isolate.get("/call", AbortSignal.timeout(time)).then(() => "", () => "200 left")
      : isolate.get(`/leave?value=${time}`);
  const left = [];
  for (let index = 0; index < count; index++) {
    left.push(leave());
    await pause(60);
  }
  const joined = isolate.gets(join, "/call");

  assertAll(await Promise.all(left), "200 left");
  assertAll([...await joined, ...await isolate.gets(10, "/call")], answer);
  assertCount(isolate, ...tokenRequests);
}

async function endDuringRefresh(isolate: Isolate, age: number): Promise<void> {
  await useFirstToken(isolate, age);
  isolate.state.delay = 500;
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

const tests: Readonly<Record<string, (isolate: Isolate) => Promise<void>>> = {
  async "an authenticator can be constructed outside of a request"({ get, tokens }) {
    assertEquals([await get("/early"), tokens.requests.length], ["200 nothing", 0]);
  },

  async "a request that keeps the isolate busy: causes no second token request"(isolate) {
    isolate.state.delay = 1_500;
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
      isolate.state.delay = 0;
      const first = await isolate.get(path);
      const before = isolate.tokens.requests.length;
      await isolate.get(`/forward?value=${age.old}`);
      isolate.state.delay = 700;

      // That the later ones get the first token as well shows that the first of them didn't wait.
      assertAll([await isolate.get(path), ...await isolate.gets(5, path)], first);

      await pause(1_000);
      assertEquals(await isolate.get(path), `200 ${client}-${before + 1}`);
      assertCount(isolate, before + 1);
    }
  },

  async "without waitUntil: one request waits for the refresh, and the others use the live token"(isolate) {
    await useFirstToken(isolate, age.old);
    isolate.state.delay = 500;

    assertEquals((await isolate.gets(10, "/call")).sort(), [...Array(9).fill("200 a-1"), "200 a-2"]);
    assertEquals(await isolate.get("/call"), "200 a-2");
    assertCount(isolate, 2);
  },

  "a request that ends while it refreshes a token: the others use that, and a later one refreshes": (isolate) =>
    endDuringRefresh(isolate, age.old),

  "a request that ends while it refreshes a token in its last seconds: likewise": (isolate) =>
    endDuringRefresh(isolate, age.last),

  async "steady requests across the ends of short-lived tokens: all succeed, with few token requests"(isolate) {
    isolate.state.lifetime = 2;
    isolate.state.delay = 50;
    const until = performance.now() + 5_000;
    const visit = async () => {
      while (performance.now() < until) {
        assertAll([await isolate.get("/call")], "200 ");
        await pause(20);
      }
    };

    await Promise.all([visit(), visit(), visit(), visit()]);

    assertGreater(isolate.api.requests.length, 100);
    assertCount(isolate, 6, 2);
  },

  async "two clients: keep their tokens and their refreshes apart"(isolate) {
    isolate.state.delay = 300;
    const leaving = isolate.get("/leave?client=b&value=50");

    const [a, b] = await Promise.all([isolate.gets(10, "/call?client=a"), isolate.gets(10, "/call?client=b")]);
    await leaving;

    assertAll(a.map((got) => got.split("-")[0] ?? ""), "200 a");
    assertAll(b.map((got) => got.split("-")[0] ?? ""), "200 b");
    const clients = isolate.tokens.requests.map(parseClient).sort().join("");
    assert(["ab", "abb"].includes(clients), clients);
  },

  async "a failure that all waiting requests got: is over for a later one"(isolate) {
    refuse(isolate);
    await isolate.gets(20, "/refresh");
    await isolate.get("/forward?value=6000");

    assertEquals(await isolate.get("/call"), "200 a-1");
  },

  async "close, by another request: waiting and later requests are rejected"(isolate) {
    isolate.state.delay = 1_500;
    const waiting = isolate.gets(3, "/call");
    await pause(200);

    assertEquals(await isolate.get("/close"), "200 closed");
    isolate.state.delay = 0;
    assertAll([await isolate.get("/call"), ...await waiting, await isolate.get("/call")], "500 AbortError: ");
  },
};

// Promises that two requests share differ: an old date lets them hang, a new one throws.
async function testOnIsolate(name: string, test: (isolate: Isolate) => Promise<void>): Promise<void> {
  const worker = new URL("isolate_worker.ts", import.meta.url);
  await testOnWorkerd(({ column }) => `an isolate of ${column}: ${name}`, worker, async (start) => {
    await using isolate = await startIsolate(start);
    await test(isolate);
  });
}

for (const [what, [count, path, answer, tokenRequests, prepare]] of Object.entries(atOnce)) {
  await testOnIsolate(`${count} ${what}: make ${tokenRequests} token requests`, async (isolate) => {
    await prepare?.(isolate);
    isolate.state.delay = 200;

    assertAll(await isolate.gets(count, path), answer);

    assertCount(isolate, tokenRequests);
  });
}
for (const [what, row] of Object.entries(leaving)) {
  await testOnIsolate(`a request that ends ${what}`, (isolate) => endEarly(isolate, row));
}
for (const [name, test] of Object.entries(tests)) await testOnIsolate(name, test);
