import { describe } from "../redaction.ts";
import { callApi } from "../call_api.ts";
import { expect, printExchange, type Stage } from "../step.ts";
import { seconds, short } from "../timeline.ts";

/** The longest wait for a token's end, in milliseconds. */
const patience = 10_000;

/** Between two calls, in milliseconds. */
const pause = 300;

/** Calls go on while the token expires: none fails, and one new token is requested. */
export async function refresh(stage: Stage): Promise<void> {
  const { authenticator, target, timeline, watched } = stage;
  const { expiresAt = Infinity } = await authenticator.getCredentials();
  const remaining = expiresAt - Date.now();
  if (!target.api || remaining > patience) return await refreshNow(stage);

  const requestsBefore = watched.tokenRequests.length;
  const durations: number[] = [];
  for (const end = performance.now() + remaining + 2_000; performance.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const start = performance.now();
    await callApi(stage, target.api);
    durations.push(performance.now() - start);
    const refreshed = watched.tokenRequests[requestsBefore];
    const { expiresAt = Infinity } = await authenticator.getCredentials();
    if (refreshed) printExchange(stage, refreshed);
    printExchange(stage, watched.apiCalls.at(-1)!, `${seconds(expiresAt - Date.now())} left`);
    if (refreshed) break;
  }

  const [refreshed, ...more] = watched.tokenRequests.slice(requestsBefore);
  expect(refreshed !== undefined, "the token expired and was not refreshed");
  expect(more.length === 0, `${more.length + 1} token requests were made for one refresh`);
  const slowest = Math.max(...durations);
  timeline.remark(
    `${durations.length} calls, all answered. The slowest took ${short(slowest)}` +
      (slowest < refreshed.took ? ": none waited for the refresh." : ", and it waited for the refresh."),
  );
}

/** Refreshes at once, where the wait would be long. */
async function refreshNow({ authenticator, target, timeline }: Stage): Promise<void> {
  const start = performance.now();
  const credentials = await authenticator.refreshCredentials();
  timeline.event(performance.now() - start, "refreshCredentials()", await describe(credentials));
  timeline.remark(
    target.api
      ? "This server's tokens live too long to watch one expire, so another was requested."
      : "There is no API to call while the token expires, so another was requested.",
  );
}
