/** Tries the clients that need no runtime of their own, on workerd: a request's body is the input. @module */
import { tryAll } from "./trials.ts";
import { webSdks } from "./web_clients.ts";

export default {
  fetch: async (request: Request) => Response.json(await tryAll(webSdks, await request.json())),
};
