import { describe } from "../redaction.ts";
import { callApi } from "../call_api.ts";
import { expect, printExchange, type Stage } from "../step.ts";
import { seconds, short } from "../timeline.ts";

/** A token that lives longer is not waited for, in milliseconds. */
const patience = 10_000;

/** Between two calls, in milliseconds. */
const pause = 300;

/** Calls go on while the token runs out: none fails, and one new token is got. */
export async function renewal(stage: Stage): Promise<void> {
  const { authenticator, target, timeline, watched } = stage;
  const { expiresAt = Infinity } = await authenticator.getCredentials();
  const left = expiresAt - Date.now();
  if (!target.api || left > patience) return await renewNow(stage);

  const requestsBefore = watched.tokenRequests.length;
  const durations: number[] = [];
  for (const end = performance.now() + left + 2_000; performance.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const start = performance.now();
    await callApi(stage, target.api);
    durations.push(performance.now() - start);
    const renewed = watched.tokenRequests[requestsBefore];
    const { expiresAt = Infinity } = await authenticator.getCredentials();
    if (renewed) printExchange(stage, renewed);
    printExchange(stage, watched.apiCalls.at(-1)!, `${seconds(expiresAt - Date.now())} left`);
    if (renewed) break;
  }

  const [renewed, ...more] = watched.tokenRequests.slice(requestsBefore);
  expect(renewed !== undefined, "the token ran out and was not renewed");
  expect(more.length === 0, `${more.length + 1} token requests were made for one renewal`);
  const slowest = Math.max(...durations);
  timeline.remark(
    `${durations.length} calls, all answered. The slowest took ${short(slowest)}` +
      (slowest < renewed.took ? ": none waited for the renewal." : ", the wait for the renewal among it."),
  );
}

/** Where the wait would be long, a renewal can be asked for. */
async function renewNow({ authenticator, target, timeline }: Stage): Promise<void> {
  const start = performance.now();
  const credentials = await authenticator.refreshCredentials();
  timeline.event(performance.now() - start, "refreshCredentials()", await describe(credentials));
  timeline.remark(
    target.api
      ? "This server's tokens live too long to watch one run out, so one more was asked for."
      : "There is no API to call while the token runs out, so one more was asked for.",
  );
}
