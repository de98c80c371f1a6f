/** Bodies, sent and sent again. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Case } from "./case.ts";
import { nthToken } from "./planted.ts";
import { authorizations, count, read, refuses, type SeenRequest } from "./world.ts";

const binary = Uint8Array.from({ length: 70_000 }, (_, index) => index * 7 % 256);

function characters(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

interface Body {
  /** What `fetch` is called with, made anew for each call. */
  readonly make: (url: string) => [input: string | Request, init?: RequestInit];
  /** The bytes that are to arrive. */
  readonly bytes: string | RegExp;
}

function form(): FormData {
  const data = new FormData();
  data.append("a", "b c");
  data.append("file", new Blob(["of a file"], { type: "application/x-test" }), "y.bin");
  return data;
}

const kinds: Readonly<Record<string, Body>> = {
  "a string": { make: (url) => [url, { method: "POST", body: "h\r\n\0i" }], bytes: "h\r\n\0i" },
  "an empty string": { make: (url) => [url, { method: "POST", body: "" }], bytes: "" },
  "no body": { make: (url) => [url, { method: "POST" }], bytes: "" },
  "JSON with its own content type": {
    make: (url) => [url, { method: "PUT", body: '{"a":1}', headers: { "content-type": "application/json" } }],
    bytes: '{"a":1}',
  },
  "URLSearchParams": {
    make: (url) => [url, { method: "POST", body: new URLSearchParams({ a: "b c" }) }],
    bytes: "a=b+c",
  },
  "FormData": {
    make: (url) => [url, { method: "POST", body: form() }],
    bytes: /name="a"\r\n\r\nb c\r\n[^]*filename="y.bin"[^]*\r\n\r\nof a file\r\n/,
  },
  "a Blob": {
    make: (url) => [url, { method: "POST", body: new Blob([binary], { type: "image/x-test" }) }],
    bytes: characters(binary),
  },
  "an ArrayBuffer": {
    make: (url) => [url, { method: "POST", body: binary.buffer.slice(5, 5_000) }],
    bytes: characters(binary.subarray(5, 5_000)),
  },
  "a part of an ArrayBuffer": {
    make: (url) => [url, { method: "POST", body: binary.subarray(100, 200) }],
    bytes: characters(binary.subarray(100, 200)),
  },
  "a Request with text": {
    make: (url) => [new Request(url, { method: "PATCH", body: "text" })],
    bytes: "text",
  },
  "a Request with bytes": {
    make: (url) => [new Request(url, { method: "POST", body: binary })],
    bytes: characters(binary),
  },
  "a Request whose body the init replaces": {
    make: (url) => [new Request(url, { method: "POST", body: "old" }), { body: "new" }],
    bytes: "new",
  },
};

/** Method and content type, without the boundary that is drawn anew for each form. */
function outline({ method, headers }: SeenRequest): (string | undefined)[] {
  return [method, headers["content-type"]?.replace(/boundary=.*/, "boundary")];
}

function stream(...parts: readonly string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
}

export const bodies: readonly Case[] = [
  ...Object.entries(kinds).map(([what, { make, bytes }]): Case => ({
    name: `a body given as ${what} arrives whole, first and when the call is sent again, as fetch itself sends it`,
    async run(world) {
      const { authenticator, api } = await world.set({ api: refuses(nthToken(1)) });

      const url = `${api.origin}/x`;
      await (await fetch(...make(url))).body?.cancel();

      assertEquals(await read(authenticator.fetch(...make(url))), [200, "fine"]);

      const [native, ...sent] = await api.requests();
      assertEquals(sent.map(outline), Array(2).fill(native && outline(native)));
      for (const request of sent) {
        if (typeof bytes === "string") assert(request.bytes === bytes, `${request.bytes.slice(0, 200)} arrived`);
        else assertMatch(request.bytes, bytes);
      }
    },
  })),
  {
    name: "a body given as a Request with a stream arrives whole, first and when the call is sent again",
    needs: ["streamed bodies"],
    async run(world) {
      const { authenticator, api } = await world.set({ api: refuses(nthToken(1)) });
      const init: RequestInit & { duplex: "half" } = { method: "POST", body: stream("one ", "two"), duplex: "half" };

      assertEquals(await read(authenticator.fetch(new Request(`${api.origin}/x`, init))), [200, "fine"]);

      assertEquals((await api.requests()).map(({ text }) => text), ["one two", "one two"]);
    },
  },
  {
    name: "a stream is sent once: the caller gets the 401, and the next call a new token",
    needs: ["streamed bodies"],
    async run(world) {
      const { authenticator, api } = await world.set({ api: refuses(nthToken(1)) });
      const send = () => {
        const init: RequestInit & { duplex: "half" } = { method: "POST", body: stream("one ", "two"), duplex: "half" };
        return read(authenticator.fetch("/x", init));
      };

      assertEquals(await send(), [401, "refused"]);
      // The refresh goes on in the background; this call joins it.
      await authenticator.refreshCredentials();
      assertEquals(await send(), [200, "fine"]);

      assertEquals((await api.requests()).map(({ text }) => text), ["one two", "one two"]);
      assertEquals(await authorizations(api), [`Bearer ${nthToken(1)}`, `Bearer ${nthToken(2)}`]);
    },
  },
  {
    name: "a Request is used up by a call, as by fetch itself",
    async run(world) {
      const { authenticator, api } = await world.set();
      const request = new Request(`${api.origin}/x`, { method: "POST", body: "once" });

      await read(authenticator.fetch(request));

      assertEquals([request.bodyUsed, await count(api)], [true, 1]);
    },
  },
];
