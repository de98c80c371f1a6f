/** HTTP clients that take no `fetch`, each with its adapter, against servers on loopback. */

import { cases, tryCase } from "./cases.ts";
import { clients } from "./clients.ts";

// Clients keep connections and timers for a while.
const options = { sanitizeOps: false, sanitizeResources: false };

for (const [name, client] of Object.entries(clients)) {
  Deno.test({
    ...options,
    name: `adapter of ${name}`,
    async fn(context) {
      for (const [what, each] of Object.entries(cases)) await context.step(what, () => tryCase(each, client));
    },
  });
}
