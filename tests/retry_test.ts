/** What becomes of callers while a token endpoint is in trouble. Pauses are short here, and real. */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { authenticatorAt as authenticatorAtStub } from "./authenticator_at.ts";
import { asOnWorkerd } from "./config_store/metadata_stub.ts";
import { tokenEndpointStub, usualAnswer } from "./servers/token_endpoint_stub.ts";

const unavailable = (headers: HeadersInit = {}) => new Response(null, { status: 503, headers });

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const authenticatorAt: typeof authenticatorAtStub = (stub, options) =>
  authenticatorAtStub(stub, { retry: { maxDelay: 5 }, ...options });

Deno.test("trouble that passes is waited out", async () => {
  const troubles: (() => Response)[] = [
    () => unavailable(),
    () => new Response(null, { status: 500 }),
    () => new Response("slow down", { status: 429 }),
    () => new Response(null, { status: 408 }),
    () => new Response(null, { status: 425 }),
    () => {
      throw new TypeError("connection reset");
    },
  ];
  for (const trouble of troubles) {
    const stub = tokenEndpointStub((count) => count < 3 ? trouble() : usualAnswer(count));
    assertEquals((await authenticatorAt(stub).getCredentials()).accessToken, "token-3");
  }
});

Deno.test("trouble that stays ends with its error after five requests", async () => {
  const stub = tokenEndpointStub(() => unavailable());
  const error = await assertRejects(() => authenticatorAt(stub).getCredentials(), AuthenticationError);
  assertEquals([error.code, error.status, error.retryable, stub.requests.length], [
    "token_endpoint_error",
    503,
    true,
    5,
  ]);
});

Deno.test("a failure that is permanent though it names no OAuth error code is not tried again", async () => {
  for (const status of [401, 403, 404, 405]) {
    const stub = tokenEndpointStub(() => new Response("<html>blocked</html>", { status }));
    const error = await assertRejects(() => authenticatorAt(stub).getCredentials(), AuthenticationError);
    assertEquals([error.status, error.retryable, stub.requests.length], [status, false, 1]);
  }
});

Deno.test("a refusal for good is not tried again", async () => {
  for (const error of ["invalid_client", "invalid_scope", "unauthorized_client", "unsupported_grant_type"]) {
    const stub = tokenEndpointStub(() => Response.json({ error }, { status: 400 }));
    await assertRejects(() => authenticatorAt(stub).getCredentials(), AuthenticationError);
    assertEquals(stub.requests.length, 1);
  }
});

Deno.test("the server's Retry-After is kept, by who waits and by who comes later", async () => {
  const stub = tokenEndpointStub((count) => count === 1 ? unavailable({ "retry-after": "1" }) : usualAnswer(count));
  const authenticator = authenticatorAt(stub);
  const started = performance.now();
  const first = authenticator.getCredentials();
  await pause(20);
  await Promise.all([first, authenticator.getCredentials()]);
  assert(performance.now() - started >= 990);
  assertEquals(stub.requests.length, 2);
});

Deno.test("a Retry-After nobody can wait for is an error at once, which says how long", async () => {
  const stub = tokenEndpointStub(() => unavailable({ "retry-after": "3600" }));
  const authenticator = authenticatorAt(stub);
  const first = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
  assertEquals(first.retryAfter, 3_600_000);
  assert(await assertRejects(() => authenticator.getCredentials()) !== first, "an error object of its own");
  await pause(100);
  const started = performance.now();
  const later = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
  assert(later.retryAfter! > 3_590_000 && later.message === first.message, "and later, too");
  assert(performance.now() - started < 1_000);
  assertEquals(stub.requests.length, 1);
});

Deno.test("a settings service in passing trouble is tried again", async () => {
  const stub = tokenEndpointStub();
  let asked = 0;
  const configStore = {
    getClientConfig() {
      if (++asked < 3) throw new AuthenticationError("config_store_failed", "busy", { status: 503, retryable: true });
      return { tokenEndpoint: stub.url };
    },
  };
  assertEquals((await authenticatorAt(stub, { configStore }).getCredentials()).accessToken, "token-1");
  assertEquals(asked, 3);
});

Deno.test("a caller's whole wait has its deadline, and ends with what went wrong last", async () => {
  const stub = tokenEndpointStub(() => unavailable());
  const authenticator = authenticatorAt(stub, { retry: { maxAttempts: 1_000, maxDelay: 20, totalTimeout: 100 } });
  const started = performance.now();
  const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
  assert(performance.now() - started < 1_000);
  assertEquals(error.code, "token_endpoint_error");
});

Deno.test("a config store that never answers is given up on, and the next caller isn't held up by it", async () => {
  const stub = tokenEndpointStub();
  let answer = false;
  const configStore = {
    getClientConfig: () => answer ? { tokenEndpoint: stub.url } : new Promise<never>(() => {}),
  };
  const authenticator = authenticatorAt(stub, {
    configStore,
    retry: { totalTimeout: 30, maxAttempts: 1, maxDelay: 1 },
  });
  const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
  assertEquals([error.code, error.retryable], ["timeout", true]);
  answer = true;
  await pause(10);
  assertEquals((await authenticator.getCredentials()).accessToken, "token-1");
});

Deno.test("however many wait, a dead endpoint sees few requests", async () => {
  const stub = tokenEndpointStub(() => unavailable());
  const authenticator = authenticatorAt(stub);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 1_000 }, () => authenticator.getCredentials()),
  );
  assert(outcomes.every((outcome) => outcome.status === "rejected" && outcome.reason.status === 503));
  assert(stub.requests.length <= 10, `${stub.requests.length} requests`);
});

Deno.test("the first caller after an outage recovers", async () => {
  let down = true;
  const stub = tokenEndpointStub((count) => down ? unavailable() : usualAnswer(count));
  const authenticator = authenticatorAt(stub, { retry: { maxAttempts: 2, maxDelay: 5 } });
  const { retryAfter = 0 } = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
  down = false;
  await pause(retryAfter + 5);
  assertEquals((await authenticator.getCredentials()).tokenType, "Bearer");
});

Deno.test("closing ends those who wait between two requests, and sends nothing more", async () => {
  const stub = tokenEndpointStub(() => unavailable({ "retry-after": "5" }));
  const authenticator = authenticatorAt(stub);
  const waiting = assertRejects(() => authenticator.getCredentials(), DOMException, "closed");
  await pause(20);
  await authenticator.close();
  await waiting;
  assertEquals(stub.requests.length, 1);
});

Deno.test("a call that comes right after close rejects, and no token request is made for it", async () => {
  let answer = (): Promise<Response> => new Promise(() => {});
  const stub = tokenEndpointStub((count) => count === 1 ? answer() : usualAnswer(count));
  const authenticator = authenticatorAt(stub);
  const waiting = assertRejects(() => authenticator.getCredentials(), DOMException, "closed");
  await pause(5);
  const closed = authenticator.close();
  answer = () => Promise.resolve(usualAnswer(1));
  await assertRejects(() => authenticator.getCredentials(), DOMException, "closed");
  await Promise.all([closed, waiting]);
  assertEquals(stub.requests.length, 1);
});

Deno.test("what comes after close isn't held, even where nobody can be told at once", async () => {
  using _ = asOnWorkerd();
  let answer = () => {};
  const stub = tokenEndpointStub(() => new Promise((resolve) => answer = () => resolve(usualAnswer(1))));
  const authenticator = authenticatorAt(stub);
  const waiting = assertRejects(() => authenticator.getCredentials(), DOMException, "closed");
  await pause(5);
  const closed = authenticator.close();
  answer();
  await Promise.all([closed, waiting]);

  assertEquals(authenticator.credentials, undefined);
});

Deno.test("a vault or a settings service that fails isn't asked at every call", async () => {
  const stub = tokenEndpointStub();
  let asked = 0;
  const fail = () => {
    asked++;
    throw new Error("sealed");
  };
  for (const options of [{ clientSecret: fail }, { configStore: { getClientConfig: fail } }]) {
    asked = 0;
    const authenticator = authenticatorAt(stub, options);
    for (let i = 0; i < 50; i++) await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
    assertEquals(asked, 1);
  }
});

Deno.test("who has no token is patient, even if the request under way was started by somebody who had one", async () => {
  const time = { now: 1_000_000 };
  let release = () => {};
  const stub = tokenEndpointStub((count) => {
    if (count === 1 || count > 3) return usualAnswer(count);
    return count === 3 ? unavailable() : new Promise((resolve) => release = () => resolve(unavailable()));
  });
  const clock = { wall: () => time.now, monotonic: () => time.now + performance.now() };
  const authenticator = authenticatorAt(stub, { clock });
  await authenticator.getCredentials();
  time.now += 3_400_000;
  assertEquals((await authenticator.getCredentials()).accessToken, "token-1", "renewed behind");
  await pause(10);
  time.now += 300_000;
  const waiting = authenticator.getCredentials();
  release();
  assertEquals((await waiting).accessToken, "token-4");
});

Deno.test("an abort ends a wait between two requests at once", async () => {
  const stub = tokenEndpointStub(() => unavailable({ "retry-after": "20" }));
  await using authenticator = authenticatorAt(stub);
  const controller = new AbortController();
  const reason = new Error("enough");
  setTimeout(() => controller.abort(reason), 10);
  const started = performance.now();
  assertStrictEquals(
    await assertRejects(() => authenticator.getCredentials({ signal: controller.signal })),
    reason,
  );
  assert(performance.now() - started < 5_000);
});

Deno.test("a token endpoint that stalls holds nobody up who has a live token", async () => {
  const time = { now: 1_000_000 };
  let release = () => {};
  const stub = tokenEndpointStub((count) =>
    count === 1 ? usualAnswer(1) : new Promise<Response>((resolve) => release = () => resolve(usualAnswer(count)))
  );
  const clock = { wall: () => time.now, monotonic: () => time.now };
  await using authenticator = authenticatorAt(stub, { clock });
  await authenticator.getCredentials();
  time.now += 3_400_000;
  assertEquals((await authenticator.getCredentials()).accessToken, "token-1", "in the early window");
  time.now += 190_000;
  const started = performance.now();
  assertEquals((await authenticator.getCredentials()).accessToken, "token-1", "close to its end");
  assert(performance.now() - started < 5_000, "a second is waited at most, not ten");
  await pause(20);
  release();
  await pause(20);
  assertEquals((await authenticator.getCredentials()).accessToken, "token-2");
});

Deno.test("out of range settings are refused", () => {
  const stub = tokenEndpointStub();
  for (const retry of [{ maxAttempts: 0 }, { maxAttempts: NaN }, { maxDelay: -1 }, { totalTimeout: Infinity }]) {
    let error: unknown;
    try {
      authenticatorAt(stub, { retry });
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof RangeError, JSON.stringify(retry));
  }
});
