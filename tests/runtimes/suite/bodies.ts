/** Request bodies, sent and replayed. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { rejectsFirst } from "./behaviours.ts";
import { type Case, cases, eachRow } from "./case.ts";
import { outline } from "./check.ts";
import { count, fine, type SeenRequest } from "./world.ts";

const binary = Uint8Array.from({ length: 70_000 }, (_, index) => index * 7 % 256);
const characters = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

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

type Call = [input: string | Request, init?: RequestInit];
const post = (body: () => BodyInit) => (url: string): Call => [url, { method: "POST", body: body() }];
const request = (init: RequestInit, ...more: RequestInit[]) => (url: string): Call =>
  [new Request(url, init), ...more] as Call;
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
  "a Request with text": [request({ method: "PATCH", body: "text" }), "text"],
  "a Request with bytes": [request({ method: "POST", body: binary }), characters(binary)],
  "a Request whose body the init replaces": [request({ method: "POST", body: "old" }, { body: "new" }), "new"],
};

/** Method and content type, without the boundary that each form draws for itself. */
function parseKind({ method, headers }: SeenRequest): (string | undefined)[] {
  return [method, headers["content-type"]?.replace(/boundary=.*/, "boundary")];
}

export const bodies: readonly Case[] = [
  ...eachRow(
    kinds,
    (what) => `fetch: sends ${what} whole, and again after a 401, as the platform's fetch does`,
    async (world, [make, bytes]) => {
      const { call, api } = await world.set({ api: rejectsFirst() });
      const url = `${api.origin}/x`;
      await (await fetch(...make(url))).body?.cancel();

      assertEquals(await call(...make(url)), fine);

      const [native, ...sent] = await api.requests();
      assertEquals(sent.map(parseKind), Array(2).fill(native && parseKind(native)));
      for (const { body } of sent) {
        if (typeof bytes === "string") assert(body === bytes, `${body.slice(0, 200)} arrived`);
        else assertMatch(body, bytes);
      }
    },
  ),
  ...cases({
    async "fetch: sends a Request's stream whole, and again after a 401"(world) {
      const { call, api } = await world.set({ api: rejectsFirst() });

      assertEquals(await call(new Request(`${api.origin}/x`, streaming())), fine);

      assertEquals((await api.requests()).map(outline), ["POST /x one two 1", "POST /x one two 2"]);
    },
    async "fetch: sends a stream once, returns the 401, and has a new token for the next call"(world) {
      const { authenticator, call, api } = await world.set({ api: rejectsFirst() });

      assertEquals(await call("/x", streaming()), "401 rejected");
      // Joins the background refresh.
      await authenticator.refreshCredentials();
      assertEquals(await call("/x", streaming()), fine);

      assertEquals((await api.requests()).map(outline), ["POST /x one two 1", "POST /x one two 2"]);
    },
  }, "streamed bodies"),
  ...cases({
    async "fetch: uses up a Request, as the platform's fetch does"(world) {
      const { call, api } = await world.set();
      const request = new Request(`${api.origin}/x`, { method: "POST", body: "once" });

      await call(request);

      assertEquals([request.bodyUsed, ...await count(api)], [true, 1]);
    },
  }),
];
