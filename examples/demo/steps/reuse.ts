import { callApi } from "../call_api.ts";
import { expect, printExchange, type Stage } from "../step.ts";

const calls = 5;
const rounds = 10_000;

/** A call with a live token costs no token request. */
export async function reuse(stage: Stage): Promise<void> {
  const { authenticator, target, timeline, watched } = stage;
  const before = watched.tokenRequests.length;
  if (target.api) {
    for (let call = 0; call < calls; call++) {
      await callApi(stage, target.api);
      printExchange(stage, watched.apiCalls.at(-1)!);
    }
  }
  const start = performance.now();
  let round = 0;
  while (round < rounds && watched.tokenRequests.length === before) {
    await authenticator.getCredentials();
    round++;
  }
  const each = (performance.now() - start) / round;
  timeline.event(each, "getCredentials()", `on average of ${round.toLocaleString("en")}`);
  const more = watched.tokenRequests.length - before;
  // Another server's token may be due for a refresh.
  expect(more === 0 || !target.own, "another token was requested, though there is a live one");
  timeline.remark(more === 0 ? "No further token request." : "The token was due for a refresh.");
}
