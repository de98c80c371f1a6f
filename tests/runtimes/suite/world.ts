/** The servers and the authenticator of a case. @module */
import { assert } from "@std/assert";
import {
  AuthenticationError,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import type { Behaviour } from "../../servers/fault_server.ts";
import type { RealServers } from "../stage_server.ts";
import type { SuiteInput } from "./case.ts";
import { planted } from "../../faults/planted.ts";

/** The servers of a scene, each on an origin of its own. */
export type Role = "tokens" | "api" | "elsewhere";

/** A server's behaviours. `{n}` stands for a request's number in three digits, `{api}` and the like for an origin. */
export interface Script {
  /** For requests whose header has exactly this value. */
  readonly when?: { readonly header: string; readonly value: string; readonly behaviour: Behaviour };
  /** For the next requests, one each. */
  readonly next?: readonly Behaviour[];
  /** For all others: a row of `faults/token_cases.ts`. */
  readonly answer?: string;
  /** For all others. Default: as before. */
  readonly usual?: Behaviour;
}

/** A request as it arrived. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body's bytes, each as a character. */
  readonly body: string;
}

/** A server of a scene, which is directed by paths of its own. */
export type Actor = ReturnType<typeof direct>;

function direct(origin: string) {
  const record = (): Promise<{ requests: readonly SeenRequest[]; hangUps: number }> => ask(`${origin}/~record`);
  return {
    origin,
    /** Changes its behaviours. */
    play: (script: Script): Promise<void> => ask(`${origin}/~play`, script),
    /** The requests so far, oldest first, without CORS preflights. */
    requests: async () => (await record()).requests,
    /** How many connections the client closed before the server was done. */
    hangUps: async () => (await record()).hangUps,
  };
}

export type Options = Partial<ClientCredentialsAuthenticatorOptions>;

/** A scene's behaviours. Default: tokens of an hour, an API that accepts all of them. */
export interface Setting extends Partial<Readonly<Record<Role, Script>>> {
  /** The authenticator's, besides the usual. */
  readonly options?: Options | ((servers: Readonly<Record<Role, Actor>>, tokenEndpoint: string) => Options);
}

/** Servers, and an authenticator for them. */
export type Scene = Awaited<ReturnType<World["set"]>>;

/** Gives a case its servers. */
export class World {
  readonly real: RealServers;
  readonly #stage: string;

  constructor({ stage, real }: SuiteInput) {
    this.#stage = stage;
    this.real = real;
  }

  /** Starts the servers of a scene. */
  async set({ options, ...scripts }: Setting = {}) {
    const origins: Record<Role, string> = await ask(`${this.#stage}/scenes`, scripts);
    const [tokens, api, elsewhere] = [direct(origins.tokens), direct(origins.api), direct(origins.elsewhere)];
    const servers = { tokens, api, elsewhere };
    // Its query must not show.
    const tokenEndpoint = `${tokens.origin}/token?key=${planted.query}`;
    /** Makes another authenticator for the same servers. */
    const authenticate = (more: Options = {}) =>
      new ClientCredentialsAuthenticator({
        endpoint: api.origin,
        clientId: planted.clientId,
        ...(!more.clientAuth && { clientSecret: planted.secret }),
        configStore: new StaticClientConfigStore({ tokenEndpoint }),
        ...more,
      });
    const authenticator = authenticate(typeof options === "function" ? options(servers, tokenEndpoint) : options);
    /** Calls the API's `/x`, or what is given. */
    const call = (input: string | URL | Request = "/x", init?: RequestInit) => read(authenticator.fetch(input, init));
    return { ...servers, tokenEndpoint, authenticate, authenticator, call };
  }
}

/** A header of each request. */
export async function seen(actor: Actor, header = "authorization"): Promise<(string | undefined)[]> {
  return (await actor.requests()).map(({ headers }) => headers[header]);
}

/** The number of requests to each. */
export function count(...actors: readonly Actor[]): Promise<number[]> {
  return Promise.all(actors.map(async (actor) => (await actor.requests()).length));
}

/** A number, or its limits. */
export type Count = number | readonly [least: number, most: number];

/** Fails unless that many requests arrived. */
export async function assertCount(actor: Actor, expected: Count): Promise<void> {
  const [found = 0] = await count(actor);
  const [least, most] = typeof expected === "number" ? [expected, expected] : expected;
  assert(found >= least && found <= most, `${found} requests, not ${expected}`);
}

/** Waits for the nth request. */
export async function arrival(actor: Actor, number = 1): Promise<void> {
  await until(async () => (await count(actor))[0] === number);
}

/** The same call, so many times at once. */
export function together<T>(times: number, call: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: times }, () => call()));
}

/** The status and the text of a response. */
export async function read(response: Response | Promise<Response>): Promise<string> {
  const { status } = await response;
  return `${status} ${await (await response).text()}`;
}

/** What `read` gives of the API's usual answer. */
export const fine = "200 fine";

/** The value that a promise rejects with. */
export function thrown(work: Promise<unknown>): Promise<unknown> {
  return work.then(() => undefined, (error) => error);
}

/** The same, which must be an AuthenticationError. */
export async function failure(work: Promise<unknown>): Promise<AuthenticationError> {
  const error = await thrown(work);
  assert(error instanceof AuthenticationError, `${error}`);
  return error;
}

/** Parses here: a platform's own `json` may give arrays of another realm, which equal none of ours. */
// deno-lint-ignore no-explicit-any -- The caller knows the type.
export async function readJson(response: Response): Promise<any> {
  return JSON.parse(await response.text());
}

/** Waits for a condition; fails after 5 seconds. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; !await condition(); tries++) {
    assert(tries < 250, `Not within 5 seconds: ${condition}`);
    await pause(20);
  }
}

export function pause(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}

/** Requests JSON, or posts it. */
// deno-lint-ignore no-explicit-any -- Each path has its own type.
export async function ask(url: string, value?: unknown): Promise<any> {
  // As text, which needs no CORS preflight.
  return await readJson(await fetch(url, value === undefined ? {} : { method: "POST", body: JSON.stringify(value) }));
}
