/**
 * A token, then a call of the API with it, with settings that come as JSON on the command line; prints what came of it.
 * It asks for no more than the core does: no file, no environment.
 *
 * @module
 */

import { argv } from "node:process";
import { type AuthenticationError, ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";

/** What comes on the command line. */
export interface OnceInput {
  readonly endpoint: string;
  readonly tokenEndpoint: string;
  readonly options?: Record<string, unknown>;
}

/** What is printed. */
export interface OnceOutput {
  /** The call's status, or the failure's code, or where it has none its name. */
  readonly result: number | string;
  readonly message?: string;
  readonly retryable?: boolean;
  /** Token requests that were started. */
  readonly attempts: number;
}

const { endpoint, tokenEndpoint, options }: OnceInput = JSON.parse(argv[2]!);
let attempts = 0;
const authenticator = new ClientCredentialsAuthenticator({
  endpoint,
  clientId: "my-client",
  clientSecret: "s3cret",
  configStore: new StaticClientConfigStore({ tokenEndpoint }),
  retry: { attempts: 3, maxBackoff: 20 },
  onEvent: ({ type }) => void (type === "requested" && attempts++),
  ...options,
});

async function once(): Promise<Omit<OnceOutput, "attempts">> {
  try {
    const response = await authenticator.fetch("/v1/projects");
    await response.body?.cancel();
    return { result: response.status };
  } catch (error) {
    const { name, code, message, retryable } = error as AuthenticationError;
    return { result: code ?? name, message, retryable };
  }
}

const outcome = await once();
await authenticator.close();
console.log(JSON.stringify({ ...outcome, attempts }));
