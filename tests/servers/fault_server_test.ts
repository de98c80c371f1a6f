import { assert, assertEquals, assertRejects } from "@std/assert";
import { closedPort, startFaultServer } from "./fault_server.ts";

const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

Deno.test("the fault server records what arrived, body included", async () => {
  await using server = await startFaultServer({ steps: [{ send: ok }] });

  const response = await fetch(`${server.origin}/a?b=c`, { method: "POST", body: "hé", headers: { x: "y" } });

  assertEquals(await response.text(), "ok");
  const [request] = server.requests;
  assert(request);
  assertEquals([request.method, request.path, request.headers.get("x")], ["POST", "/a?b=c", "y"]);
  assertEquals(new TextDecoder().decode(request.body), "hé");
  assert(Math.abs(Date.now() - request.time) < 5_000);
  assertEquals([server.connections, server.hangUps], [1, 0]);
});

Deno.test("the fault server reads a body that comes in chunks", async () => {
  await using server = await startFaultServer({ steps: [{ send: ok }] });
  const body = ReadableStream.from(["one ", "two ", "three"]).pipeThrough(new TextEncoderStream());

  await (await fetch(server.origin, { method: "POST", body })).text();

  assertEquals(new TextDecoder().decode(server.requests[0]?.body), "one two three");
});

Deno.test("the fault server takes its queue first, then does the usual, which may change", async () => {
  await using server = await startFaultServer({ steps: [{ send: ok }] });
  const status = async () => {
    const response = await fetch(server.origin);
    await response.body?.cancel();
    return response.status;
  };
  const answer = (code: number) => ({ steps: [{ send: ok.replace("200 OK", `${code} X`) }] });
  server.next(answer(503), (request) => answer(request.path === "/" ? 429 : 500));

  const statuses = [await status(), await status(), await status()];
  server.always(answer(404));

  assertEquals([...statuses, await status()], [503, 429, 200, 404]);
});

Deno.test("the fault server answers several requests over one connection", async () => {
  await using server = await startFaultServer({
    steps: [{ send: ok.replace("connection: close\r\n", "") }],
    keepAlive: true,
  });
  const client = Deno.createHttpClient({});

  for (let count = 0; count < 3; count++) await (await fetch(server.origin, { client })).text();
  client.close();

  assertEquals([server.requests.length, server.connections], [3, 1]);
});

Deno.test("the fault server resets: with and without a body in the request, before and within the answer", async () => {
  await using server = await startFaultServer({ steps: ["reset"] });

  for (const init of [{}, { method: "POST", body: "x" }]) {
    const error = await assertRejects(() => fetch(server.origin, init), TypeError);
    assert(/reset/i.test(Deno.inspect(error)), Deno.inspect(error));
  }
  server.always({ steps: [{ send: ok.replace("2\r\n", "9\r\n") }, "reset"] });
  const response = await fetch(server.origin, { method: "POST", body: "abc" });
  await assertRejects(() => response.text());

  assertEquals(server.requests.length, 3);
});

Deno.test("the fault server drips, byte by byte", async () => {
  await using server = await startFaultServer({ steps: [{ drip: ok, every: 1 }] });
  const start = performance.now();

  assertEquals(await (await fetch(server.origin)).text(), "ok");

  assert(performance.now() - start >= ok.length);
});

Deno.test("the fault server stalls until the client goes away, and counts that", async () => {
  await using server = await startFaultServer({ steps: ["stall"] });

  await assertRejects(() => fetch(server.origin, { signal: AbortSignal.timeout(30) }));
  await until(() => server.hangUps === 1);
});

Deno.test("the fault server is disposed of at once, in the middle of everything", async () => {
  const server = await startFaultServer({ steps: ["stall"] });
  const stalled = assertRejects(() => fetch(server.origin));
  await until(() => server.requests.length === 1);
  server.always({ steps: [{ wait: 60_000 }] });
  const waiting = assertRejects(() => fetch(server.origin));
  await until(() => server.requests.length === 2);
  const idle = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(server.origin).port) });
  await until(() => server.connections === 3);

  await server[Symbol.asyncDispose]();

  await Promise.all([stalled, waiting]);
  idle.close();
});

Deno.test("nobody listens at a closed port", async () => {
  const port = await closedPort();

  await assertRejects(() => fetch(`http://127.0.0.1:${port}`), TypeError);
});

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 400; tries++) await new Promise((r) => setTimeout(r, 5));
  assert(condition());
}
