/**
 * A token, then a call of the API with it, with settings that come as JSON on the command line; prints what came of it.
 * It needs no permission that the core doesn't need.
 *
 * @module
 */

import { argv } from "node:process";
import { type AuthenticationError, ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { denoTransport } from "@m2m/authenticator/transport/deno";

/** What comes on the command line. */
export interface Input {
  readonly endpoint: string;
  readonly tokenEndpoint: string;
  readonly options?: Record<string, unknown>;
  /** Whether to send by a transport of Deno's that doesn't look at certificates. */
  readonly unverified?: boolean;
}

/** What is printed. */
export interface Output {
  /** The call's status, or the failure's code, or else its name. */
  readonly result: number | string;
  readonly message?: string;
  readonly retryable?: boolean;
  /** How many token requests were started. */
  readonly attempts: number;
}

const { unverified, options, endpoint, tokenEndpoint }: Input = JSON.parse(argv[2]!);
const transport = unverified ? denoTransport({ verify: false }) : undefined;
let attempts = 0;
const authenticator = new ClientCredentialsAuthenticator({
  ...{ endpoint, clientId: "my-client", clientSecret: "s3cret", fetch: transport?.fetch },
  configStore: new StaticClientConfigStore({ tokenEndpoint }),
  retry: { maxAttempts: 3, maxDelay: 20 },
  onEvent: ({ type }) => void (type === "token_requested" && attempts++),
  ...options,
});
const outcome = await authenticator.fetch("/v1/projects").then(
  async (response) => ({ result: response.status, body: void await response.body?.cancel() }),
  ({ name, code, message, retryable }: AuthenticationError) => ({ result: code ?? name, message, retryable }),
);
await authenticator.close();
await transport?.close();
console.log(JSON.stringify({ ...outcome, attempts }));
