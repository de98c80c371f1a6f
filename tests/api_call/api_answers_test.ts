/** How calls end: redirects that can't be followed, integrity, aborts; and the endpoint's path. */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { AuthenticatorEvent } from "@m2m/authenticator";
import { type Answer, fine, home, redirect, rejected, setUp } from "./scene.ts";

const thrown = (work: Promise<unknown>) => work.then(() => undefined, (error: unknown) => error);

// Redirects that end a call as fetch ends it.
const stream = { redirect: "error", method: "PUT", body: new Blob(["x"]).stream() } as const;
const ends: Record<string, [location: string, init?: RequestInit, status?: number]> = {
  "to no URL": ["http://["],
  "to another scheme": ["ftp://api.test/"],
  "to a script": ["javascript:alert(1)"],
  "to data": ["data:,x", {}, 307],
  'where redirect is "error"': ["/y", { redirect: "error" }],
  'where redirect is "error", of a stream': ["/y", stream, 308],
  'where an inherited redirect is "error"': ["/y", Object.create({ redirect: "error" }), 303],
};
for (const [what, [location, init, status = 302]] of Object.entries(ends)) {
  Deno.test(`a redirect ${what}: rejects by a TypeError, and its body is cancelled`, async () => {
    let isCancelled = false;
    const body = new ReadableStream({ cancel: () => void (isCancelled = true) });
    const { fetch, seen } = setUp({ answers: [() => new Response(body, { status, headers: { location } })] });
    await assertRejects(() => fetch("/x", init), TypeError);
    assertEquals([seen.map(([, init]) => init?.redirect), isCancelled], [["manual"], true]);
  });
}

// Runtimes that check integrity find that a redirect's own body differs.
const checking: Answer = ({ url }, { integrity }) => {
  const isEnd = url === `${home}/y`;
  if (isEnd ? integrity === "wrong" : integrity) throw new TypeError("integrity mismatch");
  return isEnd ? fine() : redirect(302, "/y")();
};
const checked: [method: string, integrity: string, end: unknown, requests: number][] = [
  ["GET", "right", 200, 3],
  ["HEAD", "right", 200, 3],
  ["GET", "wrong", TypeError, 4],
  ["POST", "right", TypeError, 1],
];
for (const [method, integrity, end, requests] of checked) {
  Deno.test(`a ${method} with ${integrity} integrity over a redirect: ends in ${end}`, async () => {
    const { fetch, seen } = setUp({ answers: [checking] });
    const call = fetch("/x", { method, integrity });
    assertEquals([await call.then(({ status }) => status, (error) => error.constructor), seen.length], [end, requests]);
  });
}

const reason = new Error("aborted");

Deno.test("an aborted signal that is inherited, or of a class: nothing is sent", async () => {
  class Aborted {
    get signal() {
      return AbortSignal.abort(reason);
    }
  }
  for (const init of [new Aborted(), Object.create(new Aborted())]) {
    const { fetch, seen } = setUp();
    assertStrictEquals(await thrown(fetch("/x", init)), reason);
    assertEquals(seen.length, 0);
  }
});

// A fetch that doesn't listen to its signal.
const calls: Record<string, (signal: AbortSignal) => [string | Request, RequestInit?]> = {
  "a call": (signal) => ["/x", { signal }],
  "an upload": (signal) => ["/x", { signal, method: "POST", body: "x" }],
  "a call by inherited settings": (signal) => ["/x", Object.create({ signal })],
  "a Request": (signal) => [new Request(`${home}/x`, { signal })],
  "a call of another origin": (signal) => ["https://other.test/x", { signal }],
};
const before: Record<string, Answer[]> = {
  "its first request": [],
  "a redirect": [redirect(302, "/y")],
  "a replay": [rejected],
};
for (const [what, make] of Object.entries(calls)) {
  for (const [when, answers] of Object.entries(before)) {
    if (answers.length > 0 && what === "a call of another origin") continue;
    Deno.test(`${what} aborted during ${when}: rejects at once, and a late answer is cancelled`, async () => {
      const abort = new AbortController();
      const late = Promise.withResolvers<Response>();
      const hung = () => (setTimeout(() => abort.abort(reason)), late.promise);
      assertStrictEquals(await thrown(setUp({ answers: [...answers, hung] }).fetch(...make(abort.signal))), reason);
      const cancelled = Promise.withResolvers<void>();
      late.resolve(new Response(new ReadableStream({ cancel: () => cancelled.resolve() })));
      await cancelled.promise;
    });
  }
}

Deno.test("an aborted call whose fetch rejects late: leaves no rejection unhandled", async () => {
  const abort = new AbortController();
  const late = Promise.withResolvers<Response>();
  const { fetch } = setUp({ answers: [() => (setTimeout(() => abort.abort()), late.promise)] });
  await assertRejects(() => fetch("/x", { signal: abort.signal }), DOMException);
  late.reject(new Error("late"));
  await new Promise((resolve) => setTimeout(resolve));
});

Deno.test("an answer before the abort: stays whole", async () => {
  const abort = new AbortController();
  const response = await setUp().fetch("/x", { signal: abort.signal });
  abort.abort();
  assertEquals(await response.text(), "fine");
});

// The path of `endpoint`, and inputs that call another.
const paths: [endpoint: string, inputs: string[], events: number][] = [
  ["/v1", ["/projects"], 1],
  ["/v1", ["projects"], 1],
  ["/v1/", ["/projects"], 1],
  ["/v1/", ["/a", "/b", "../c"], 1],
  ["/v1/", ["projects", "?q", "/v1/x"], 0],
  ["/v1", ["v1/projects", `${home}/other`, "https://other.test/"], 0],
  ["", ["/projects", "projects"], 0],
  ["/", ["/projects", "projects"], 0],
];
for (const [endpoint, inputs, count] of paths) {
  Deno.test(`endpoint ${endpoint || "without a path"}, inputs ${inputs}: ${count} event`, async () => {
    const events: AuthenticatorEvent[] = [];
    const { fetch } = setUp({ endpoint: home + endpoint, onEvent: (event) => void events.push(event) });
    for (const input of inputs) await fetch(input);
    assertEquals(
      events.filter(({ type }) => type !== "token_omitted"),
      Array(count).fill({ type: "endpoint_path_ignored" }),
    );
  });
}
