import { undiciInterceptor } from "@m2m/authenticator/adapters/undici";
import { Agent, request } from "npm:undici@7.30.2";
import { Readable } from "node:stream";
import { readParts, type Sdk } from "../sdk.ts";

export const sdk: Sdk = {
  api: "rest",
  // Its own count from when the request is sent.
  has: { timeout: false, abort: true },
  notOn: ["workerd"],
  connect({ url, authenticator }) {
    const agent = new Agent();
    const dispatcher = agent.compose(undiciInterceptor(authenticator));
    return {
      async plain(signal) {
        return await (await request(`${url}/plain`, { dispatcher, ...signal && { signal } })).body.json();
      },
      async post(text) {
        const settings = { dispatcher, method: "POST", body: JSON.stringify({ text }) } as const;
        return await (await request(`${url}/post`, settings)).body.json();
      },
      stream: async function* () {
        const { body } = await request(`${url}/stream`, { dispatcher });
        yield* readParts(Readable.toWeb(body) as ReadableStream);
      },
      close: () => agent.destroy(),
    };
  },
};
