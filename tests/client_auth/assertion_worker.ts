/** Assertions inside a worker, with its input as request. @module */
import { tryAssertions } from "./assertion_program.ts";

export default {
  async fetch(request: Request): Promise<Response> {
    return Response.json(await tryAssertions(await request.json()));
  },
};
