/** The portable suite in a worker: a POST of its input is answered with its results. @module */
import { runSuite } from "./suite/run.ts";

// `@std/assert` tests values for WeakRef. Workers of before May 2025 have none; nor do they get one.
if (!("WeakRef" in globalThis)) {
  Object.defineProperty(globalThis, "WeakRef", {
    value: class {
      constructor() {
        throw new ReferenceError("WeakRef is not defined");
      }
    },
  });
}

export default {
  async fetch(request: Request): Promise<Response> {
    return Response.json(await runSuite(await request.json()));
  },
};
