/** Every method inside a worker, with its input as request. @module */
import { tryEveryMethod } from "./method_program.ts";

export default {
  async fetch(request: Request): Promise<Response> {
    return Response.json(await tryEveryMethod(await request.json()));
  },
};
