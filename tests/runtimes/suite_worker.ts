/** The portable suite as a worker: it runs for whoever posts what it is to be told, and answers with the results. @module */
import { runSuite } from "./suite/run.ts";

// `@std/assert` asks of what it compares whether it is one. Workers of before May 2025 have none; nor do they get one.
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
