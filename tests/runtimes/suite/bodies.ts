/** Request bodies, sent and replayed. @module */
import { assertEquals } from "@std/assert";
import { rejectsFirst } from "./behaviours.ts";
import { type Case, cases, eachRow } from "./case.ts";
import { outline } from "./check.ts";
import { fine, type SeenRequest } from "./world.ts";

const binary = Uint8Array.from({ length: 70_000 }, (_, index) => index * 7 % 256);

function form(): FormData {
  const data = new FormData();
  data.append("a", "b\r\nc");
  data.append("file", new File([binary.subarray(0, 5_000)], "ü.bin", { type: "application/x-test" }));
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
const post = (body: () => BodyInit | null) => (url: string): Call => [url, { method: "POST", body: body() }];
const request = (init: () => RequestInit, ...more: RequestInit[]) => (url: string): Call =>
  [new Request(url, { method: "POST", ...init() }), ...more] as Call;
const put = { method: "PUT", body: '{"a":1}', headers: { "content-type": "application/json" } };
const named = { body: "x", headers: { "x-own": "1", accept: "text/plain" } };

/** What `fetch` is called with, made for each call. */
const kinds: Readonly<Record<string, (url: string) => Call>> = {
  "a string": post(() => "h\r\n\0éi"),
  "an empty string": post(() => ""),
  "no body": (url) => [url, { method: "POST" }],
  "null": post(() => null),
  "JSON with its own content type": (url) => [url, put],
  "URLSearchParams": post(() => new URLSearchParams({ a: "b c", ü: "&" })),
  "FormData": post(form),
  "a Blob": post(() => new Blob([binary], { type: "image/x-test" })),
  "a File": post(() => new File(["x"], "y.txt", { type: "text/plain" })),
  "an ArrayBuffer": post(() => binary.buffer.slice(5, 5_000)),
  "an empty ArrayBuffer": post(() => new ArrayBuffer(0)),
  "a part of an ArrayBuffer": post(() => binary.subarray(100, 200)),
  "a Uint16Array": post(() => Uint16Array.of(1, 2, 65_535)),
  "a DataView": post(() => new DataView(binary.buffer, 7, 9)),
  "a Request with text": request(() => ({ method: "PATCH", body: "text" })),
  "a Request with bytes": request(() => ({ body: binary })),
  "a Request with a form": request(() => ({ body: form() })),
  "a Request with headers": request(() => named),
  "a Request without a body": request(() => ({ method: "DELETE" })),
  "a Request whose body the init replaces": request(() => ({ body: "old" }), { body: "new" }),
  "a Request whose method the init replaces": request(() => ({ body: "same" }), { method: "PUT" }),
  "a Request whose headers the init replaces": request(() => named, { headers: { "x-else": "2" } }),
};

/** What is compared with the platform's own request: not the boundary that each form draws for itself. */
function comparable({ method, path, headers, body }: SeenRequest): (string | undefined)[] {
  const boundary = /boundary=(\S+)/.exec(headers["content-type"] ?? "")?.[1] ?? "\0";
  const lines = ["content-type", "content-length", "transfer-encoding", "accept", "x-own", "x-else"]
    .map((name) => headers[name]);
  return [method, path, body, ...lines].map((text) => text?.replaceAll(boundary, "BOUNDARY"));
}

export const bodies: readonly Case[] = [
  ...eachRow(
    kinds,
    (what) => `fetch: sends ${what}, and again after a 401, as the platform's fetch does`,
    async (world, make) => {
      const { call, api } = await world.set({ api: rejectsFirst() });
      const url = `${api.origin}/x?y=z`;
      await (await fetch(...make(url))).body?.cancel();
      const [input, init] = make(url);

      assertEquals(await call(input, init), fine);

      const [native, ...sent] = (await api.requests()).map(comparable);
      assertEquals(sent, [native, native]);
      if (input instanceof Request && input.body && !init?.body) assertEquals(input.bodyUsed, true);
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
];
