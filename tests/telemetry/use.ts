/**
 * Authenticators at work, with a listener: each call in a span of its own.
 *
 * @module
 */

import type { Tracer } from "@opentelemetry/api";
import {
  type AuthenticatorEventListener,
  ClientCredentialsAuthenticator,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { planted } from "../faults/planted.ts";
import type { Place } from "./stage.ts";

/** Uses some, each for something else. Returns the one that all of them are derived from, which is to be closed. */
export async function useAuthenticators(
  { api, tokenEndpoint }: Place,
  tracer: Tracer,
  onEvent: AuthenticatorEventListener,
): Promise<AsyncDisposable> {
  let now = Date.now();
  const refreshed = Promise.withResolvers<void>();
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: api,
    clientId: planted.clientId,
    clientSecret: planted.secret,
    configStore: new StaticClientConfigStore({ tokenEndpoint }),
    clock: { wall: () => now, monotonic: () => now },
    onEvent: (event, authenticator) => {
      onEvent(event, authenticator);
      if (event.type === "token_issued" && event.background) refreshed.resolve();
    },
  });
  const call = (name: string, { fetch } = authenticator, path = "/item", headers = {}) =>
    tracer.startActiveSpan(name, async (span) => {
      try {
        await (await fetch(`${path}?key=${planted.query}`, { headers, method: "POST", body: planted.body })).text();
      } catch {
        // A token was refused.
      } finally {
        span.end();
      }
    });
  await call("first");
  now += 3_400_000;
  await call("background");
  await refreshed.promise;
  // The token before has expired.
  now += 300_000;
  await call("rejected", authenticator, "/rejected");
  await call("other scope", authenticator.with({ scopes: ["b", "a"], audience: "https://reports.test" }));
  await call("refused", authenticator.with({ scopes: ["refused"] }));
  await call("own header", authenticator, "/item", { authorization: `Bearer ${planted.token}` });
  return authenticator;
}
