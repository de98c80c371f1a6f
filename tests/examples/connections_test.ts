/** The examples with connections that stay open. */

import { assertEquals } from "@std/assert";
import { testsOn } from "../runtimes/tests_on.ts";
import { serve } from "../servers/loopback.ts";
import { findRedis, startRedis } from "../servers/redis.ts";
import { startBackend } from "./backend.ts";
import { assertRuns } from "./run_example.ts";

const testOnRedis = await testsOn("Redis", findRedis);

testOnRedis("redis.ts: signs in with a token, as its subject or another user", async () => {
  await using backend = await startBackend();
  const rights = ["on", "nopass", "~*", "+@all"];
  await using redis = await startRedis("--user", "example", ...rights, "--user", "robot", ...rights);
  await assertRuns({
    ...{ command: ["redis.ts"], net: [...backend.origins, redis.url] },
    env: { ...backend.settings, REDIS_URL: redis.url, REDIS_USER: "robot" },
    names: "M2M_*,REDIS_*",
    seen: backend.countTokenRequests,
    secrets: backend.secrets,
  }, [
    { prints: "visits: 1\n", seen: 1 },
    { env: { REDIS_USER: "" }, prints: "visits: 2\n", seen: 2 },
    { env: { REDIS_URL: "" }, fails: "REDIS_URL", seen: 2 },
  ]);
});

Deno.test("websocket.ts: sends its arguments, and prints the answers", async () => {
  await using backend = await startBackend();
  const tokens: (string | null)[] = [];
  await using api = serve((request) => {
    tokens.push(request.headers.get("authorization"));
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(`${new URL(request.url).pathname} ${data}`);
    return response;
  });
  await assertRuns({
    ...{ command: ["websocket.ts", "hello", "world"], net: [...backend.origins, api.origin] },
    env: { ...backend.settings, M2M_ENDPOINT: api.origin },
    secrets: () => tokens.flatMap((token) => token?.replace("Bearer ", "") ?? []),
  }, [{ prints: "/events hello\n/events world\n" }]);
  assertEquals(tokens.map((token) => token?.split(".").length), [3]);
});
