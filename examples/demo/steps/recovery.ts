import { expect, printExchange, type Stage } from "../step.ts";

const body = JSON.stringify({ name: "Voyager" });

/** The API may reject a live token: it was revoked, or its key rotated. The caller gets the replayed call's answer. */
export async function recovery(stage: Stage): Promise<void> {
  const { authenticator, target, timeline, watched } = stage;
  if (!target.api || !target.own) {
    timeline.remark("Left out: only the demo's own API can be made to reject its tokens.");
    return;
  }
  const [calls, requests] = [watched.apiCalls.length, watched.tokenRequests.length];
  target.own.revokeAll();
  const response = await authenticator.fetch("/v1/jobs", { method: "POST", body });

  const apiCalls = watched.apiCalls.slice(calls);
  const tokenRequests = watched.tokenRequests.slice(requests);
  const inOrder = [...apiCalls, ...tokenRequests].sort((one, other) => one.ended - other.ended);
  for (const exchange of inOrder) printExchange(stage, exchange);
  // A young token's predecessor may be tried before another is requested.
  const [rejected, replayed] = [apiCalls[0], apiCalls.at(-1)];
  expect(rejected?.status === 401, "the API accepted the token, which it was to reject");
  expect(
    tokenRequests.length === 1,
    `${tokenRequests.length} token requests were made for the rejected token, not one`,
  );
  expect(replayed?.status === 200 && apiCalls.length <= 3, "the call was not replayed");
  const answer = await response.json();
  expect(answer.body === body, "the replayed call lost its body");
  timeline.remark(`One call for the caller, replayed with its body: ${answer.body}`);
}
