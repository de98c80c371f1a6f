import { expect, printExchange, type Stage } from "../step.ts";

const body = JSON.stringify({ name: "Voyager" });

/** The API may refuse a token that looks good: revoked, its key rotated. The caller sees only the answer. */
export async function recovery(stage: Stage): Promise<void> {
  const { authenticator, target, timeline, watched } = stage;
  if (!target.api || !target.own) {
    timeline.remark("Left out: only an API of the demo's own can be told to refuse its tokens.");
    return;
  }
  const [calls, requests] = [watched.apiCalls.length, watched.tokenRequests.length];
  target.own.revokeAll();
  const response = await authenticator.fetch("/v1/jobs", { method: "POST", body });

  const apiCalls = watched.apiCalls.slice(calls);
  const tokenRequests = watched.tokenRequests.slice(requests);
  const inOrder = [...apiCalls, ...tokenRequests].sort((one, other) => one.ended - other.ended);
  for (const exchange of inOrder) printExchange(stage, exchange);
  // A young token's predecessor may be tried before another is asked for.
  const [refused, repeated] = [apiCalls[0], apiCalls.at(-1)];
  expect(refused?.status === 401, "the API was told to refuse the token, and took it");
  expect(
    tokenRequests.length === 1,
    "the refused token was not renewed exactly once",
  );
  expect(repeated?.status === 200 && apiCalls.length <= 3, "the call was not repeated");
  const answer = await response.json();
  expect(answer.body === body, "the repeated call lost its body");
  timeline.remark(`One call for the caller. Its body arrived: ${answer.body}`);
}
