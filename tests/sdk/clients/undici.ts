import type { Fetch } from "@m2m/authenticator";
import { fetch } from "npm:undici@8.13.1";
import { readParts, type Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "rest",
  has: { timeout: false, abort: true },
  // On Deno the body of an aborted call never ends; workerd lacks the modules it needs.
  notOn: ["Deno", "workerd"],
  // Its `Request` and `Response` are classes of its own.
  fetch: fetch as unknown as Fetch,
  connect({ url, fetch }) {
    return {
      plain: async (signal) => await (await fetch(`${url}/plain`, signal && { signal })).json(),
      post: async (text) =>
        await (await fetch(`${url}/post`, { method: "POST", body: JSON.stringify({ text }) })).json(),
      stream: async function* () {
        yield* readParts((await fetch(`${url}/stream`)).body);
      },
    };
  },
};
