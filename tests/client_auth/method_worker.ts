/** Every method inside a worker: asked by a request that holds what they need. @module */
import { tryEveryMethod } from "./method_program.ts";

export default {
  async fetch(request: Request): Promise<Response> {
    return Response.json(await tryEveryMethod(await request.json()));
  },
};
