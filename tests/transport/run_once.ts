/**
 * A token, then a call of the API with it; prints what came of it. It needs no permission that the core doesn't need.
 *
 * @module
 */

import {
  type AuthenticationError,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  StaticClientConfigStore,
} from "@m2m/authenticator";

/** What comes on the command line. */
export interface OnceInput {
  readonly endpoint: string;
  readonly tokenEndpoint: string;
  readonly options?: Record<string, unknown>;
}

/** What is printed. */
export interface OnceOutput {
  /** The call's status, or the failure's code, or else its name. */
  readonly result: number | string;
  readonly message?: string;
  readonly retryable?: boolean;
  /** How many token requests were started. */
  readonly attempts: number;
}

/** Runs it, by options besides those of the command line. */
export async function runOnce(
  { endpoint, tokenEndpoint, options }: OnceInput,
  own: Partial<ClientCredentialsAuthenticatorOptions> = {},
): Promise<void> {
  let attempts = 0;
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint,
    clientId: "my-client",
    clientSecret: "s3cret",
    configStore: new StaticClientConfigStore({ tokenEndpoint }),
    retry: { maxAttempts: 3, maxDelay: 20 },
    onEvent: ({ type }) => void (type === "token_requested" && attempts++),
    ...own,
    ...options,
  });
  const outcome = await authenticator.fetch("/v1/projects").then(
    async (response) => ({ result: response.status, body: void await response.body?.cancel() }),
    ({ name, code, message, retryable }: AuthenticationError) => ({ result: code ?? name, message, retryable }),
  );
  await authenticator.close();
  console.log(JSON.stringify({ ...outcome, attempts }));
}
