import { readParts, type Sdk } from "../sdk.ts";

/** A proxy that forwards a browser's requests as they came. */
export const sdk: Sdk = {
  api: "rest",
  has: { timeout: false, abort: true },
  callerHeader: "replace",
  connect({ url, fetch }) {
    const forward = (path: string, settings: RequestInit = {}) => {
      const headers = { authorization: "Bearer a-browser-session", "content-type": "application/json" };
      return fetch(url + path, new Request(`http://127.0.0.1${path}`, { headers, ...settings }));
    };
    return {
      plain: async (signal) => await (await forward("/plain", signal && { signal })).json(),
      post: async (text) => await (await forward("/post", { method: "POST", body: JSON.stringify({ text }) })).json(),
      stream: async function* () {
        yield* readParts((await forward("/stream")).body);
      },
    };
  },
};
