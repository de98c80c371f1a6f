/** The grants inside a worker: asked by a request that holds what they need. @module */
import { tryGrants } from "./grant_program.ts";

export default {
  async fetch(request: Request): Promise<Response> {
    return Response.json(await tryGrants(await request.json()));
  },
};
