import { assert, assertEquals, assertRejects } from "@std/assert";
import { closedPort, startFaultServer, type Step } from "./fault_server.ts";
import { until } from "./loopback.ts";

const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
const start = (...steps: Step[]) => startFaultServer({ steps });

Deno.test("fault server: records what arrived, body included", async () => {
  await using server = await start({ send: ok });

  const response = await fetch(`${server.origin}/a?b=c`, { method: "POST", body: "hé", headers: { x: "y" } });

  assertEquals(await response.text(), "ok");
  const { method, path, headers, body } = server.requests[0]!;
  assertEquals([method, path, headers.get("x"), new TextDecoder().decode(body)], ["POST", "/a?b=c", "y", "hé"]);
  assertEquals([server.connections, server.hangUps], [1, 0]);
});

Deno.test("fault server: reads a body that comes in chunks", async () => {
  await using server = await start({ send: ok });
  const body = ReadableStream.from(["one ", "two ", "three"]).pipeThrough(new TextEncoderStream());

  await (await fetch(server.origin, { method: "POST", body })).text();

  assertEquals(new TextDecoder().decode(server.requests[0]?.body), "one two three");
});

Deno.test("fault server: takes its queue first, then the usual behaviour, which may change", async () => {
  await using server = await start({ send: ok });
  const getStatus = async () => {
    const response = await fetch(server.origin);
    await response.body?.cancel();
    return response.status;
  };
  const answer = (code: number) => ({ steps: [{ send: ok.replace("200 OK", `${code} X`) }] });
  server.next(answer(503), (request) => answer(request.path === "/" ? 429 : 500));

  const statuses = [await getStatus(), await getStatus(), await getStatus()];
  server.always(answer(404));

  assertEquals([...statuses, await getStatus()], [503, 429, 200, 404]);
});

Deno.test("fault server: answers several requests over one connection", async () => {
  const send = ok.replace("connection: close\r\n", "");
  await using server = await startFaultServer({ steps: [{ send }], keepAlive: true });
  using client = Deno.createHttpClient({});

  for (let count = 0; count < 3; count++) await (await fetch(server.origin, { client })).text();

  assertEquals([server.requests.length, server.connections], [3, 1]);
});

Deno.test("fault server: resets before and within the answer, with and without a body in the request", async () => {
  await using server = await start("reset");

  for (const init of [{}, { method: "POST", body: "x" }]) {
    const error = await assertRejects(() => fetch(server.origin, init), TypeError);
    assert(/reset/i.test(Deno.inspect(error)), Deno.inspect(error));
  }
  server.always({ steps: [{ send: ok.replace("2\r\n", "9\r\n") }, "reset"] });
  const response = await fetch(server.origin, { method: "POST", body: "abc" });
  await assertRejects(() => response.text());

  assertEquals(server.requests.length, 3);
});

Deno.test("fault server: drips byte by byte", async () => {
  await using server = await start({ drip: ok, every: 1 });
  const began = performance.now();

  assertEquals(await (await fetch(server.origin)).text(), "ok");
  assert(performance.now() - began >= ok.length);
});

Deno.test("fault server: stalls until the client disconnects, and counts that", async () => {
  await using server = await start("stall");

  await assertRejects(() => fetch(server.origin, { signal: AbortSignal.timeout(30) }));
  await until(() => server.hangUps === 1);
});

Deno.test("fault server: is disposed of at once, while it stalls, waits and listens", async () => {
  const server = await start("stall");
  const stalled = assertRejects(() => fetch(server.origin));
  await until(() => server.requests.length === 1);
  server.always({ steps: [{ wait: 60_000 }] });
  const waiting = assertRejects(() => fetch(server.origin));
  await until(() => server.requests.length === 2);
  using _idle = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(server.origin).port) });
  await until(() => server.connections === 3);

  await server[Symbol.asyncDispose]();

  await Promise.all([stalled, waiting]);
});

Deno.test("closedPort: refuses connections", async () => {
  const port = await closedPort();

  await assertRejects(() => fetch(`http://127.0.0.1:${port}`), TypeError);
});
