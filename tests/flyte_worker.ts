/** Calls Flyte platforms inside a worker: asked by a request that holds what it needs. @module */
import { callPlatforms } from "./flyte_program.ts";

export default {
  async fetch(request: Request): Promise<Response> {
    return Response.json(await callPlatforms(await request.json()));
  },
};
