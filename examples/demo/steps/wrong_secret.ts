import { AuthenticationError, ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { expect, type Stage } from "../step.ts";
import { columns } from "../timeline.ts";

/** A failure has one type, a stable code for programs, and a message for people. */
export async function wrongSecret({ target, timeline, watched }: Stage): Promise<void> {
  if (!target.own) {
    timeline.remark("Left out: a server may lock out a client that sends a wrong secret.");
    return;
  }
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: new URL(target.tokenEndpoint).origin,
    clientId: target.clientId,
    clientSecret: `not ${target.clientSecret}`,
    configStore: new StaticClientConfigStore({ tokenEndpoint: target.tokenEndpoint }),
    fetch: watched.fetch,
  });
  const start = performance.now();
  const error = await authenticator.getCredentials().then(() => undefined, (error: unknown) => error);
  timeline.event(performance.now() - start, "getCredentials()", "throws AuthenticationError");
  expect(error instanceof AuthenticationError, `expected an AuthenticationError, got ${String(error)}`);
  const { code, status, retryable, message } = error;
  timeline.text(columns([
    ["        code", code],
    ["        status", String(status)],
    ["        error", String(error.error)],
    ["        retryable", String(retryable)],
    ["        message", message],
  ]));
  expect(error.error === "invalid_client", "the error is not invalid_client");
}
