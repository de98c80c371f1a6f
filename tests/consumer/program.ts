/**
 * What a consumer writes, the same for every runtime: settings from three places, a call, and a refusal. Nothing in it
 * belongs to a runtime, its types neither.
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

/** What comes of it. */
export interface ProgramOutput {
  /** What the API answered: by settings given, found out, and from variables. */
  readonly answers: readonly unknown[];
  /** What happened on the first call, and on the refusal. */
  readonly events: readonly AuthenticatorEvent["type"][];
  /** The code of the refusal. */
  readonly refusal: string;
}

class EmptyConfigStore extends ClientConfigStore {
  override getClientConfig(): ClientConfig {
    throw new AuthenticationError("config_not_found", "Cannot find settings: there are none here.");
  }
}

/** Runs it with settings under the names that `authenticatorFromEnv` knows. */
export async function main(env: Readonly<Record<string, string>>): Promise<ProgramOutput> {
  const { M2M_ENDPOINT = "", M2M_TOKEN_ENDPOINT = "", M2M_CLIENT_ID = "", M2M_CLIENT_SECRET = "" } = env;
  const events: AuthenticatorEvent["type"][] = [];
  const settings = {
    endpoint: M2M_ENDPOINT,
    clientId: M2M_CLIENT_ID,
    clientSecret: M2M_CLIENT_SECRET,
    scopes: scopesOf(env),
    audience: env["M2M_AUDIENCE"],
    configStore: new StaticClientConfigStore({ tokenEndpoint: M2M_TOKEN_ENDPOINT }),
    onEvent: ({ type }) => void events.push(type),
  } satisfies ClientCredentialsAuthenticatorOptions;
  const given = new ClientCredentialsAuthenticator(settings);
  const found = new ClientCredentialsAuthenticator({
    ...settings,
    configStore: new ChainClientConfigStore([
      new EmptyConfigStore(),
      new DiscoveryClientConfigStore(new URL(M2M_TOKEN_ENDPOINT).origin),
    ]),
    onEvent: undefined,
  });
  const answers: unknown[] = [];
  for (const authenticator of [given, found, authenticatorFromEnv({ env })]) {
    const response: Response = await authenticator.fetch("/v1/projects");
    answers.push(await response.json());
    // By hand: not every runtime knows `await using`.
    await authenticator.close();
  }
  // @ts-expect-error Were there no types, this would pass.
  const mistake: number = given.fetch;
  return { answers, events, refusal: typeof mistake === "function" ? await refusal(settings) : "" };
}

function scopesOf({ M2M_SCOPES = "" }: Readonly<Record<string, string>>): readonly string[] {
  return M2M_SCOPES.split(" ");
}

async function refusal(settings: ClientCredentialsAuthenticatorOptions): Promise<string> {
  const stranger = new ClientCredentialsAuthenticator({ ...settings, clientSecret: "wrong-secret-8f2c" });
  try {
    await stranger.getCredentials();
    return "none";
  } catch (error) {
    return error instanceof AuthenticationError ? `${error.code}: ${error.error}` : String(error);
  } finally {
    await stranger.close();
  }
}
