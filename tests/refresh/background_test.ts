/** Background refreshes that fail while the token lives. */

import { assert, assertEquals } from "@std/assert";
import { failed, oauthError, page, Scene, token } from "./scene.ts";

const answers: Record<string, () => Response> = {
  "access_denied": () => oauthError("access_denied"),
  "invalid_client": () => oauthError("invalid_client", 401),
  "a page in a 200": () => page(),
};

for (const [name, answer] of Object.entries(answers)) {
  Deno.test(`a permanent answer to a background refresh isn't served once the token has expired: ${name}`, async () => {
    using scene = new Scene({ tokens: ({ number }) => number === 2 ? answer() : token(number, 6) });
    await scene.pass(12_700, { every: 100, act: () => scene.call() });
    assertEquals(failed(scene.calls).length, 0);
  });
}

Deno.test("background refreshes that are refused grow rarer", async () => {
  using scene = new Scene({ tokens: ({ number }) => number === 1 ? token(1) : oauthError("unauthorized_client") });
  await scene.pass(3_599_000, { every: 1_000, act: () => scene.call() });
  assertEquals(failed(scene.calls).length, 0);
  const refused = scene.requests.length - 1;
  assert(refused >= 2 && refused <= 8, `${refused} refused requests in one lifetime`);
});
