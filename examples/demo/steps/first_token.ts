import { describe } from "../redaction.ts";
import { expect, type Stage } from "../step.ts";

/** Constructing an authenticator sends no request: its first use does. */
export async function firstToken({ authenticator, target, watched, timeline }: Stage): Promise<void> {
  const requestsBefore = watched.tokenRequests.length;
  expect(requestsBefore === 0, "a token was requested before its first use");
  const start = performance.now();
  const credentials = await authenticator.getCredentials();
  timeline.event(performance.now() - start, "getCredentials()", await describe(credentials));
  const requests = watched.tokenRequests.length;
  expect(requests === 1 || !target.own, `${requests} token requests were made, not one`);
}
