/** New tokens are pushed to listeners, and the token is kept fresh while there are any. */

import { assertEquals } from "@std/assert";
import { AuthenticationError, type Credentials } from "@m2m/authenticator";
import { TokensScene } from "./scene.ts";

const hour = 3_600_000;
const down = new AuthenticationError("network_error", "down", { retryable: true });
const refused = new AuthenticationError("token_request_rejected", "refused", { status: 401, error: "invalid_client" });

/** Listens, and gives what was heard. */
function listen(scene: TokensScene) {
  const heard: string[] = [];
  const listener = ({ accessToken }: Credentials) => void heard.push(accessToken);
  return { heard, end: scene.tokens.listen(listener) };
}

Deno.test("listen: gets the first token at once, and each next one before its predecessor expires", async () => {
  using scene = new TokensScene();
  const { heard, end } = listen(scene);
  await scene.pass(1_000);
  assertEquals(heard, ["t1"]);
  // Five minutes before the end, a little sooner by chance; seen within half a minute.
  await scene.pass(hour - 380_000, { step: 5_000 });
  assertEquals(heard, ["t1"]);
  await scene.pass(80_000, { step: 5_000 });
  assertEquals(heard, ["t1", "t2"]);
  end();
  await scene.pass(2 * hour, { step: 60_000 });
  assertEquals([heard, scene.requests], [["t1", "t2"], 2]);
});

Deno.test("listen: isn't told of the known token, but of one that others ask for; all listeners are", async () => {
  using scene = new TokensScene();
  await scene.use();
  const [first, second] = [listen(scene), listen(scene)];
  const failing = scene.tokens.listen(() => {
    throw new Error("listener");
  });
  await scene.pass(5_000);
  assertEquals([first.heard, second.heard], [[], []]);
  await scene.tokens.refresh();
  first.end();
  await scene.tokens.refresh();
  assertEquals([first.heard, second.heard], [["t2"], ["t2", "t3"]]);
  second.end();
  failing();
});

for (
  const [what, failure] of Object.entries({ "an outage": down, "a refusal": refused, "a vault": new Error("vault") })
) {
  Deno.test(`listen: gets the next token after ${what}, which costs few attempts`, async () => {
    using scene = new TokensScene({ retry: { maxAttempts: 1 } });
    scene.failure = failure;
    const { heard, end } = listen(scene);
    await scene.pass(600_000, { step: 1_000 });
    const few = scene.requests <= 30;
    scene.failure = undefined;
    await scene.pass(40_000, { step: 500 });
    assertEquals([few, heard.length], [true, 1]);
    end();
  });
}

Deno.test("listen: notices that the machine slept", async () => {
  using scene = new TokensScene();
  const { heard, end } = listen(scene);
  await scene.pass(1_000);
  scene.advance(2 * hour, "wall");
  await scene.pass(31_000, { step: 500 });
  assertEquals(heard, ["t1", "t2"]);
  end();
});

Deno.test("listen: ends with close, and does nothing after it", async () => {
  using scene = new TokensScene();
  const { heard, end } = listen(scene);
  await scene.pass(1_000);
  await scene.tokens.close(new Error("closed"));
  const late = listen(scene);
  await scene.pass(2 * hour, { step: 60_000 });
  assertEquals([heard, late.heard, scene.requests], [["t1"], [], 1]);
  end();
  late.end();
});

Deno.test("explain: tells the token's state, the next refresh and the last error, without secrets", async () => {
  using scene = new TokensScene({ retry: { maxAttempts: 1 } });
  const { tokens } = scene;
  assertEquals(tokens.explain(), { token: "none", isRefreshing: false });
  scene.failure = Object.assign(new RangeError("planted"), { code: "planted" });
  await tokens.get().catch(() => {});
  assertEquals(tokens.explain(), { token: "none", isRefreshing: false, lastError: { name: "RangeError", age: 0 } });
  scene.failure = undefined;
  const answer = scene.holdBack(() => scene.issue("planted"));
  const call = tokens.get();
  await scene.pass(10);
  assertEquals(tokens.explain().isRefreshing, true);
  answer();
  await call;
  const remainingLifetime = hour;
  const refreshIn = hour - 300_000 * 1.125;
  const live = { token: "live", isRejected: false, isRefreshing: false } as const;
  assertEquals(tokens.explain(), { ...live, remainingLifetime, refreshIn });
  scene.source = undefined;
  scene.failure = refused;
  await tokens.refresh().catch(() => {});
  const { name, message, code, status, error, retryable } = refused;
  const lastError = { name, message, code, status, error, retryable, age: 0 };
  assertEquals<unknown>(tokens.explain(), { ...live, remainingLifetime, refreshIn, lastError });
  scene.failure = down;
  scene.advance(hour);
  await tokens.get().catch(() => {});
  const { retryIn, ...expired } = tokens.explain();
  assertEquals([expired.token, expired.lastError?.code, retryIn! > 0], ["expired", "network_error", true]);
});
