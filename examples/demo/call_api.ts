import { AuthenticationError } from "@m2m/authenticator";
import { reason } from "./reason.ts";
import { expect, type Stage } from "./step.ts";

/** For the API's answer, in milliseconds. */
const timeout = 10_000;

/** Calls the API with GET, and expects it to accept the token. */
export async function callApi({ authenticator }: Stage, api: URL): Promise<void> {
  const { status } = await get(authenticator.fetch, api);
  expect(
    status !== 401 && status !== 403,
    `the API answered ${status} to a new token: does it require another audience or scope?`,
  );
}

async function get(fetch: typeof globalThis.fetch, api: URL): Promise<Response> {
  try {
    const response = await fetch(api, { signal: AbortSignal.timeout(timeout) });
    await response.body?.cancel();
    return response;
  } catch (error) {
    if (error instanceof AuthenticationError) throw error;
    throw new Error(`Cannot reach ${api.origin}: ${reason(error)}`);
  }
}
