/**
 * A consumer's program for every runtime: config from three sources, a call, and a refused token request. Neither its
 * code nor its types belong to a runtime.
 *
 * @module
 */

import {
  AuthenticationError,
  type AuthenticatorEvent,
  type ClientConfig,
  ClientConfigStore,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { ChainClientConfigStore } from "@m2m/authenticator/config-store/chain";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";

/** Its output. */
export interface ProgramOutput {
  /** The API's answers: with static config, discovered config, and variables. */
  readonly answers: readonly unknown[];
  /** The events of the first call, and of the refusal. */
  readonly events: readonly AuthenticatorEvent["type"][];
  /** The code of the refusal. */
  readonly refusal: string;
}

class EmptyConfigStore extends ClientConfigStore {
  override getClientConfig(): ClientConfig {
    throw new AuthenticationError("config_not_found", "Cannot find settings: there are none here.");
  }
}

/** Runs it with the variables of `authenticatorFromEnv`. */
export async function main(env: Readonly<Record<string, string>>): Promise<ProgramOutput> {
  const { M2M_ENDPOINT = "", M2M_TOKEN_ENDPOINT = "", M2M_CLIENT_ID = "", M2M_CLIENT_SECRET = "" } = env;
  const events: AuthenticatorEvent["type"][] = [];
  const settings = {
    endpoint: M2M_ENDPOINT,
    clientId: M2M_CLIENT_ID,
    clientSecret: M2M_CLIENT_SECRET,
    scopes: env["M2M_SCOPES"]?.split(" "),
    audience: env["M2M_AUDIENCE"],
    configStore: new StaticClientConfigStore({ tokenEndpoint: M2M_TOKEN_ENDPOINT }),
    onEvent: ({ type }) => void events.push(type),
  } satisfies ClientCredentialsAuthenticatorOptions;
  const discovery = new DiscoveryClientConfigStore(new URL(M2M_TOKEN_ENDPOINT).origin);
  const configStore = new ChainClientConfigStore([new EmptyConfigStore(), discovery]);
  const configured = new ClientCredentialsAuthenticator(settings);
  const discovered = new ClientCredentialsAuthenticator({ ...settings, configStore, onEvent: undefined });
  const answers: unknown[] = [];
  for (const authenticator of [configured, discovered, authenticatorFromEnv({ env })]) {
    const response: Response = await authenticator.fetch("/v1/projects");
    answers.push(await response.json());
    // Not every runtime has `await using`.
    await authenticator.close();
  }
  // Never closed: a listener that is never taken away keeps no program alive.
  const listening = new ClientCredentialsAuthenticator({ ...settings, onEvent: undefined });
  await listening.getCredentials();
  listening.onToken(() => {});
  // @ts-expect-error Without types this would pass.
  const mistake: number = configured.fetch;
  const refused = new ClientCredentialsAuthenticator({ ...settings, clientSecret: "wrong-secret-8f2c" });
  const error: unknown = await refused.getCredentials().catch((reason) => reason);
  await refused.close();
  const isRefusal = error instanceof AuthenticationError && typeof mistake === "function";
  return { answers, events, refusal: isRefusal ? `${error.code}: ${error.error}` : String(error) };
}
