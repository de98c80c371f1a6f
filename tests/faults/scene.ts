/**
 * A token endpoint, an API, a server of another origin, and an authenticator between them.
 *
 * @module
 */

import {
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  StaticClientConfigStore,
} from "../../mod.ts";
import { type ArrivedRequest, type Behaves, type Behaviour, startFaultServer } from "../servers/fault_server.ts";
import { answer, json } from "./behaviours.ts";
import { planted } from "./planted.ts";

/** What {@linkcode setScene} gives. */
export type Scene = Awaited<ReturnType<typeof setScene>>;

/** Options of {@linkcode setScene}. */
export interface SceneOptions extends Partial<ClientCredentialsAuthenticatorOptions> {
  /** What the API does. Default: takes every token. */
  behaves?: Behaves;
  /** The header the store names. Default: none. */
  advertisedHeader?: string;
}

/** The token that the token endpoint gives as its first, second and so on. */
export function nthToken(number: number): string {
  return `${planted.tokenStart}${number}`;
}

/** Which of the tokens a request carries; 0 for none. */
export function tokenNumber({ headers }: ArrivedRequest, header = "authorization"): number {
  const [, number] = headers.get(header)?.split(`Bearer ${planted.tokenStart}`) ?? [];
  return Number(number ?? 0);
}

/** An API that rejects the first so many tokens, and answers "fine" for the others. */
export function rejectFirst(count: number): (request: ArrivedRequest) => Behaviour {
  return (request) => tokenNumber(request) > count ? answer("fine") : unauthorized();
}

/** A 401. */
export function unauthorized(challenge: string | readonly string[] = 'Bearer error="invalid_token"'): Behaviour {
  return answer("refused", { status: 401, headers: { "www-authenticate": challenge } });
}

/** Starts everything. Tokens live for an hour. */
export async function setScene({ behaves, advertisedHeader, ...options }: SceneOptions = {}) {
  await using stack = new AsyncDisposableStack();
  let issued = 0;
  const issue = () =>
    json({ access_token: nthToken(++issued), token_type: "Bearer", expires_in: 3600, note: planted.body });
  const tokens = stack.use(await startFaultServer(issue));
  const api = stack.use(await startFaultServer(behaves ?? answer("fine")));
  const elsewhere = stack.use(await startFaultServer(answer("elsewhere")));
  const tokenEndpoint = `${tokens.origin}/token?key=${planted.query}`;
  const authenticator = stack.use(
    new ClientCredentialsAuthenticator({
      endpoint: api.origin,
      clientId: planted.clientId,
      clientSecret: planted.secret,
      configStore: new StaticClientConfigStore({ tokenEndpoint, headerKey: advertisedHeader }),
      ...options,
    }),
  );
  /** Lets the next token request wait; returns what lets it go on. */
  const holdBackToken = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    tokens.next(() => promise.then(issue));
    return resolve;
  };
  return Object.assign(stack.move(), { tokens, api, elsewhere, authenticator, holdBackToken });
}

/** The body of a response to come. */
export async function text(response: Promise<Response>): Promise<string> {
  return await (await response).text();
}

/** The status of a response to come. */
export async function status(response: Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await body?.cancel();
  return status;
}
