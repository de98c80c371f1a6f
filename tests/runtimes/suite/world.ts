/**
 * The servers a case has to do with, seen from the platform under test.
 *
 * @module
 */

import { assert } from "@std/assert";
import {
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { answer } from "../../faults/behaviours.ts";
import type { Behaviour } from "../../servers/fault_server.ts";
import type { RealServers, SuiteInput } from "./case.ts";
import { planted } from "./planted.ts";

/** The servers of a scene, each on an origin of its own. */
export type Role = "tokens" | "api" | "elsewhere";

/** What a server does. `{n}` stands for a request's number in three digits; `{api}` and the like for an origin. */
export interface Script {
  /** With the next requests, one each. */
  readonly next?: readonly Behaviour[];
  /** With a request whose header has exactly this value. */
  readonly when?: readonly { readonly header: string; readonly value: string; readonly behaviour: Behaviour }[];
  /** With all others. Default: what it did before. */
  readonly usual?: Behaviour;
}

/** A request as a server got it. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body, read as UTF-8. */
  readonly text: string;
  /** The body's bytes, each as a character. */
  readonly bytes: string;
}

/** A server of a scene. */
export interface Actor {
  readonly origin: string;
  /** Tells it what to do from now on. */
  play(script: Script): Promise<void>;
  /** The requests by now, oldest first; not what a browser asks before it sends one (CORS). */
  requests(): Promise<readonly SeenRequest[]>;
  /** How many connections the client broke off before the server was done. */
  hangUps(): Promise<number>;
}

/** A token endpoint, an API, a server of another origin, and an authenticator between them. */
export interface Scene extends Readonly<Record<Role, Actor>> {
  /** Its URL has a query that must not show. */
  readonly tokenEndpoint: string;
  readonly authenticator: ClientCredentialsAuthenticator;
  /** Another authenticator between the same servers. */
  authenticate(options?: Options): ClientCredentialsAuthenticator;
}

export type Options = Partial<ClientCredentialsAuthenticatorOptions>;

/** What {@linkcode World.set} is told. Default: tokens of an hour, an API that takes all of them. */
export interface Setting extends Partial<Readonly<Record<Role, Script>>> {
  /** The authenticator's, on top of the usual. */
  readonly options?: Options;
}

/** All that a case is given. */
export class World {
  readonly real: RealServers;
  readonly #stage: string;
  readonly #open: string[] = [];

  constructor({ stage, real }: SuiteInput) {
    this.#stage = stage;
    this.real = real;
  }

  /** Starts the servers of a scene. */
  async set({ options, ...scripts }: Setting = {}): Promise<Scene> {
    const { id, origins } = await post(`${this.#stage}/scenes`, scripts);
    const scene = `${this.#stage}/scenes/${id}`;
    this.#open.push(scene);
    const [tokens, api, elsewhere] = (["tokens", "api", "elsewhere"] as const).map((role) => ({
      origin: origins[role] as string,
      play: (script: Script) => post(`${scene}/${role}`, script),
      requests: async () => (await get(`${scene}/${role}`)).requests,
      hangUps: async () => (await get(`${scene}/${role}`)).hangUps,
    }));
    assert(tokens && api && elsewhere);
    const tokenEndpoint = `${tokens.origin}/token?key=${planted.query}`;
    const authenticate = (more: Options = {}) =>
      new ClientCredentialsAuthenticator({
        endpoint: api.origin,
        clientId: planted.clientId,
        ...(!more.clientAuth && { clientSecret: planted.secret }),
        configStore: new StaticClientConfigStore({ tokenEndpoint }),
        ...more,
      });
    return { tokens, api, elsewhere, tokenEndpoint, authenticate, authenticator: authenticate(options) };
  }

  /** Stops what was started. */
  async close(): Promise<void> {
    await Promise.all(this.#open.map((scene) => post(`${scene}/close`, {})));
  }
}

/** What an API says that takes the token with this header's value for no good. */
export const refused: Behaviour = answer("refused", {
  status: 401,
  headers: { "www-authenticate": 'Bearer error="invalid_token"' },
});

/** The script of an API that takes all tokens but these. */
export function refuses(...tokens: readonly string[]): Script {
  return { when: tokens.map((token) => ({ header: "authorization", value: `Bearer ${token}`, behaviour: refused })) };
}

/** The same, after so many milliseconds. */
export function late(time: number, behaviour: Behaviour): Behaviour {
  return { ...behaviour, steps: [{ wait: time }, ...behaviour.steps] };
}

/** The `authorization` of each request. */
export async function authorizations(actor: Actor): Promise<(string | undefined)[]> {
  return (await actor.requests()).map(({ headers }) => headers.authorization);
}

/** How many requests there were. */
export async function count(actor: Actor): Promise<number> {
  return (await actor.requests()).length;
}

/** The status and the text of a response. */
export async function read(response: Response | Promise<Response>): Promise<[status: number, text: string]> {
  const { status } = await response;
  return [status, await (await response).text()];
}

/** What JSON says. Read here, for a platform's own `json` may give arrays of another realm, which equal none of ours. */
// deno-lint-ignore no-explicit-any -- Whoever asks knows.
export async function readJson(response: Response): Promise<any> {
  return JSON.parse(await response.text());
}

/** Waits until something is so; fails where it isn't within 5 seconds. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    if (await condition()) return;
    await pause(20);
  }
  assert(false, `It never came to be that ${condition}.`);
}

export function pause(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}

/** A clock that can be put forward; besides, it runs. */
export class TravellingClock {
  #ahead = 0;
  #skew = 0;

  wall(): number {
    return Date.now() + this.#ahead + this.#skew;
  }

  monotonic(): number {
    return performance.now() + this.#ahead;
  }

  /** Lets so many milliseconds pass at once. */
  pass(time: number): void {
    this.#ahead += time;
  }

  /** Sets the wall clock, and that one alone, by so many milliseconds. */
  skew(time: number): void {
    this.#skew += time;
  }
}

// deno-lint-ignore no-explicit-any -- Whatever the stage says.
async function post(url: string, value: unknown): Promise<any> {
  // As text, of which a browser asks no leave first.
  return await readJson(await fetch(url, { method: "POST", body: JSON.stringify(value) }));
}

// deno-lint-ignore no-explicit-any -- Whatever the stage says.
async function get(url: string): Promise<any> {
  return await readJson(await fetch(url));
}
