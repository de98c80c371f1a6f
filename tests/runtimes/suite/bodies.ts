/** Request bodies, sent and replayed. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Case, cases, eachRow } from "./case.ts";
import { bearer } from "./planted.ts";
import { count, fine, read, rejectsFirst, seen, type SeenRequest } from "./world.ts";

const binary = Uint8Array.from({ length: 70_000 }, (_, index) => index * 7 % 256);
const characters = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

type Call = [input: string | Request, init?: RequestInit];

function form(): FormData {
  const data = new FormData();
  data.append("a", "b c");
  data.append("file", new Blob(["of a file"], { type: "application/x-test" }), "y.bin");
  return data;
}

function streaming(): RequestInit & { duplex: "half" } {
  const body = new ReadableStream({
    start(controller) {
      for (const part of ["one ", "two"]) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
  return { method: "POST", body, duplex: "half" };
}

const post = (body: () => BodyInit) => (url: string): Call => [url, { method: "POST", body: body() }];
const put = { method: "PUT", body: '{"a":1}', headers: { "content-type": "application/json" } };

/** What `fetch` is called with, made for each call, and the bytes that are to arrive. */
const kinds: Readonly<Record<string, [make: (url: string) => Call, bytes: string | RegExp]>> = {
  "a string": [post(() => "h\r\n\0i"), "h\r\n\0i"],
  "an empty string": [post(() => ""), ""],
  "no body": [(url) => [url, { method: "POST" }], ""],
  "JSON with its own content type": [(url) => [url, put], '{"a":1}'],
  "URLSearchParams": [post(() => new URLSearchParams({ a: "b c" })), "a=b+c"],
  "FormData": [post(form), /name="a"\r\n\r\nb c\r\n[^]*filename="y.bin"[^]*\r\n\r\nof a file\r\n/],
  "a Blob": [post(() => new Blob([binary], { type: "image/x-test" })), characters(binary)],
  "an ArrayBuffer": [post(() => binary.buffer.slice(5, 5_000)), characters(binary.subarray(5, 5_000))],
  "a part of an ArrayBuffer": [post(() => binary.subarray(100, 200)), characters(binary.subarray(100, 200))],
  "a Request with text": [(url) => [new Request(url, { method: "PATCH", body: "text" })], "text"],
  "a Request with bytes": [(url) => [new Request(url, { method: "POST", body: binary })], characters(binary)],
  "a Request whose body the init replaces": [
    (url) => [new Request(url, { method: "POST", body: "old" }), { body: "new" }],
    "new",
  ],
};

/** Method and content type, without the boundary that each form draws for itself. */
function outline({ method, headers }: SeenRequest): (string | undefined)[] {
  return [method, headers["content-type"]?.replace(/boundary=.*/, "boundary")];
}

export const bodies: readonly Case[] = [
  ...eachRow(
    kinds,
    (what) => `fetch: sends ${what} whole, and again after a 401, as the platform's fetch does`,
    async (world, [make, bytes]) => {
      const { authenticator, api } = await world.set({ api: rejectsFirst() });
      const url = `${api.origin}/x`;
      await (await fetch(...make(url))).body?.cancel();

      assertEquals(await read(authenticator.fetch(...make(url))), fine);

      const [native, ...sent] = await api.requests();
      assertEquals(sent.map(outline), Array(2).fill(native && outline(native)));
      for (const request of sent) {
        if (typeof bytes === "string") assert(request.bytes === bytes, `${request.bytes.slice(0, 200)} arrived`);
        else assertMatch(request.bytes, bytes);
      }
    },
  ),
  ...cases({
    async "fetch: sends a Request's stream whole, and again after a 401"(world) {
      const { authenticator, api } = await world.set({ api: rejectsFirst() });

      assertEquals(await read(authenticator.fetch(new Request(`${api.origin}/x`, streaming()))), fine);

      assertEquals((await api.requests()).map(({ text }) => text), ["one two", "one two"]);
    },
    async "fetch: sends a stream once, returns the 401, and has a new token for the next call"(world) {
      const { authenticator, api } = await world.set({ api: rejectsFirst() });

      assertEquals(await read(authenticator.fetch("/x", streaming())), [401, "rejected"]);
      // Joins the background refresh.
      await authenticator.refreshCredentials();
      assertEquals(await read(authenticator.fetch("/x", streaming())), fine);

      assertEquals((await api.requests()).map(({ text }) => text), ["one two", "one two"]);
      assertEquals(await seen(api), [bearer(1), bearer(2)]);
    },
  }, "streamed bodies"),
  ...cases({
    async "fetch: uses up a Request, as the platform's fetch does"(world) {
      const { authenticator, api } = await world.set();
      const request = new Request(`${api.origin}/x`, { method: "POST", body: "once" });

      await read(authenticator.fetch(request));

      assertEquals([request.bodyUsed, ...await count(api)], [true, 1]);
    },
  }),
];
