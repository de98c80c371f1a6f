/** The methods of client authentication inside a worker: asked by a request that holds what they need. @module */
import { tryMethods } from "./assertion_program.ts";

export default {
  async fetch(request: Request): Promise<Response> {
    return Response.json(await tryMethods(await request.json()));
  },
};
