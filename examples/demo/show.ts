/** The demo: one authenticator, and five steps in the life of its tokens. @module */

import { AuthenticationError, ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { reason } from "./reason.ts";
import type { Step } from "./step.ts";
import { firstToken } from "./steps/first_token.ts";
import { recovery } from "./steps/recovery.ts";
import { refresh } from "./steps/refresh.ts";
import { reuse } from "./steps/reuse.ts";
import { wrongSecret } from "./steps/wrong_secret.ts";
import type { Target } from "./target.ts";
import { columns, seconds, type Timeline } from "./timeline.ts";
import { WatchedFetch } from "./watched_fetch.ts";

const steps: readonly (readonly [title: string, step: Step])[] = [
  ["The first token", firstToken],
  ["Calls reuse it", reuse],
  ["It is refreshed before it expires", refresh],
  ["The API rejects it: it is replaced, and the call replayed", recovery],
  ["A wrong secret is refused", wrongSecret],
];

/** Whether every step succeeded. */
export async function show(target: Target, timeline: Timeline): Promise<boolean> {
  const { tokenEndpoint, scopes, audience, clientId, clientSecret } = target;
  const watched = new WatchedFetch(tokenEndpoint);
  const authenticator = new ClientCredentialsAuthenticator({
    // The token goes to this origin and to no other. Without an API nothing is called.
    endpoint: target.api?.origin ?? new URL(tokenEndpoint).origin,
    clientId,
    clientSecret,
    configStore: new StaticClientConfigStore({ tokenEndpoint, scopes, audience }),
    fetch: watched.fetch,
  });

  timeline.text(target.title);
  timeline.text(columns(target.introduction));
  for (const [index, [title, step]] of steps.entries()) {
    timeline.heading(`${index + 1}. ${title}`);
    try {
      await step({ target, authenticator, watched, timeline });
    } catch (error) {
      timeline.failure(explain(error));
      return false;
    }
  }
  timeline.heading(
    `Done in ${seconds(timeline.elapsed)}: ${watched.apiCalls.length} requests to the API, ` +
      `${watched.tokenRequests.length} to the token endpoint.`,
  );
  return true;
}

function explain(error: unknown): string {
  if (error instanceof AuthenticationError) return `${error.code}: ${error.message}`;
  return reason(error);
}
