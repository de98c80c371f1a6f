/** The servers and the authenticator of a case. @module */
import { assert } from "@std/assert";
import {
  AuthenticationError,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { answer, json } from "../../faults/behaviours.ts";
import type { Behaviour } from "../../servers/fault_server.ts";
import type { RealServers, SuiteInput } from "./case.ts";
import { bearer, planted } from "./planted.ts";

/** The servers of a scene, each on an origin of its own. */
export type Role = "tokens" | "api" | "elsewhere";

/** A server's behaviours. `{n}` stands for a request's number in three digits, `{api}` and the like for an origin. */
export interface Script {
  /** For the next requests, one each. */
  readonly next?: readonly Behaviour[];
  /** For requests whose header has exactly this value. */
  readonly when?: readonly { readonly header: string; readonly value: string; readonly behaviour: Behaviour }[];
  /** For all others. Default: as before. */
  readonly usual?: Behaviour;
}

/** A request as it arrived. */
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
  /** Changes its behaviours. */
  play(script: Script): Promise<void>;
  /** The requests so far, oldest first, without CORS preflights. */
  requests(): Promise<readonly SeenRequest[]>;
  /** How many connections the client closed before the server was done. */
  hangUps(): Promise<number>;
}

/** A token endpoint, an API, a server of another origin, and an authenticator for them. */
export interface Scene extends Readonly<Record<Role, Actor>> {
  /** Its URL has a query that must not show. */
  readonly tokenEndpoint: string;
  readonly authenticator: ClientCredentialsAuthenticator;
  /** Makes another authenticator for the same servers. */
  authenticate(options?: Options): ClientCredentialsAuthenticator;
}

export type Options = Partial<ClientCredentialsAuthenticatorOptions>;

/** A scene's behaviours. Default: tokens of an hour, an API that accepts all of them. */
export interface Setting extends Partial<Readonly<Record<Role, Script>>> {
  /** The authenticator's, besides the usual. */
  readonly options?: Options;
}

/** Gives a case its servers. */
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
    const { id, origins } = await ask(`${this.#stage}/scenes`, scripts);
    const scene = `${this.#stage}/scenes/${id}`;
    this.#open.push(scene);
    const [tokens, api, elsewhere] = (["tokens", "api", "elsewhere"] as const).map((role) => ({
      origin: origins[role] as string,
      play: (script: Script) => ask(`${scene}/${role}`, script),
      requests: async () => (await ask(`${scene}/${role}`)).requests,
      hangUps: async () => (await ask(`${scene}/${role}`)).hangUps,
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

  /** Stops them. */
  async close(): Promise<void> {
    await Promise.all(this.#open.map((scene) => ask(`${scene}/close`, {})));
  }
}

/** Issues a token for so many seconds: a new one each time, or always this one. */
export function issues(expires_in = 3600, access_token = `${planted.tokenStart}{n}`): Behaviour {
  return json({ access_token, token_type: "Bearer", expires_in });
}

/** Refuses by an OAuth error. */
export function failsBy(error: string, status = 400): Behaviour {
  return json({ error }, { status });
}

/** Answers 503. */
export const busy: Behaviour = json({}, { status: 503 });

/** Never answers. */
export const stalled: Behaviour = { steps: ["stall"] };

/** The answer of an API that rejects a token. */
export const rejected: Behaviour = answer("rejected", {
  status: 401,
  headers: { "www-authenticate": 'Bearer error="invalid_token"' },
});

/** An API that rejects the first token, under this header. */
export function rejectsFirst(header = "authorization", behaviour = rejected): Script {
  return { when: [{ header, value: bearer(1), behaviour }] };
}

/** Delays a behaviour by so many milliseconds. */
export function late(time: number, behaviour: Behaviour): Behaviour {
  return { ...behaviour, steps: [{ wait: time }, ...behaviour.steps] };
}

/** A header of each request. */
export async function seen(actor: Actor, header = "authorization"): Promise<(string | undefined)[]> {
  return (await actor.requests()).map(({ headers }) => headers[header]);
}

/** The number of requests to each. */
export function count(...actors: readonly Actor[]): Promise<number[]> {
  return Promise.all(actors.map(async (actor) => (await actor.requests()).length));
}

/** Fails unless the number of requests is in a range. */
export async function assertCount(actor: Actor, least: number, most: number): Promise<void> {
  const [found = 0] = await count(actor);
  assert(found >= least && found <= most, `${found} requests, not ${least} to ${most}`);
}

/** Waits for the nth request. */
export async function arrival(actor: Actor, number = 1): Promise<void> {
  await until(async () => (await count(actor))[0] === number);
}

/** The same call, so many times at once. */
export function together<T>(times: number, call: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: times }, call));
}

/** The status and the text of a response. */
export async function read(response: Response | Promise<Response>): Promise<[status: number, text: string]> {
  const { status } = await response;
  return [status, await (await response).text()];
}

/** What `read` gives of the API's usual answer. */
export const fine: [number, string] = [200, "fine"];

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
  for (let tries = 0; tries < 250; tries++) {
    if (await condition()) return;
    await pause(20);
  }
  assert(false, `Not within 5 seconds: ${condition}`);
}

export function pause(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}

/** A clock that the test puts forward: a slow machine changes nothing. */
export class TravellingClock {
  #monotonic = performance.now();
  #wall = Date.now();

  wall(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** Puts it forward by so many milliseconds. */
  pass(time: number): void {
    this.#monotonic += time;
    this.#wall += time;
  }

  /** Moves the wall clock alone by so many milliseconds. */
  skew(time: number): void {
    this.#wall += time;
  }
}

// deno-lint-ignore no-explicit-any -- Each path has its own type.
async function ask(url: string, value?: unknown): Promise<any> {
  // As text, which needs no CORS preflight.
  return await readJson(await fetch(url, value === undefined ? {} : { method: "POST", body: JSON.stringify(value) }));
}
