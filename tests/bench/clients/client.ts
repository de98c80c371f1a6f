/** What the benchmark asks of every client, ours and the peers alike. @module */

/** Where a client gets its tokens, and what it calls with them. */
export interface Setting {
  readonly tokenEndpoint: string;
  /** Origin of the API. */
  readonly api: string;
  /** Sends token requests, in place of the network. Default: the network. */
  readonly fetch?: typeof fetch;
}

/** One client, ready to be used. */
export interface Client {
  /** The library's own call for a token to use now, or the usual lines around it where it has none. */
  readonly getToken: () => Promise<unknown>;
  /** Calls a path of the API with a token. */
  readonly fetch: (path: string) => Promise<Response>;
}

/** A library, and how it is used. */
export interface LibraryDefinition<Instance> {
  readonly name: string;
  readonly version: string;
  /** What stands around it, where it doesn't do the job by itself. */
  readonly note?: string;
  /** Why its token requests can't be answered in memory. Default: they can. */
  readonly networkOnly?: string;
  /** File in `programs/` that imports what the job takes. */
  readonly program: string;
  /** How many instances are made to weigh one. Default: as many as of ours. */
  readonly weighed?: number;
  /** What a program keeps for each client: of a library without a cache, the one made by hand. */
  create(setting: Setting): Instance;
  /** How the instance is called. */
  use(instance: Instance, setting: Setting): Client;
}

/** A library, without its instances' type. */
export interface Library extends LibraryDefinition<unknown> {
  make(setting: Setting): Client;
}

/** Defines a library. */
export function defineLibrary<Instance>(definition: LibraryDefinition<Instance>): Library {
  return {
    ...definition,
    // The instance comes from `create`.
    use: (instance, setting) => definition.use(instance as Instance, setting),
    make: (setting) => definition.use(definition.create(setting), setting),
  };
}

export const clientId = "bench-client";
export const clientSecret = "bench-secret";

/** A `fetch` for libraries that only get tokens. */
export function fetchWith(api: string, getToken: () => Promise<string>): Client["fetch"] {
  return async (path) => fetch(api + path, { headers: { authorization: `Bearer ${await getToken()}` } });
}

/** A token in a {@linkcode handMadeCache}. */
export interface Kept {
  accessToken: string;
  expiresAt: number;
}

/** The cache that most programs write by hand: after the token's end, each caller requests one. */
export function handMadeCache(request: () => Promise<Kept>): () => Promise<string> {
  let kept: Kept | undefined;
  return async () => {
    if (kept === undefined || Date.now() >= kept.expiresAt) kept = await request();
    return kept.accessToken;
  };
}

/** The cache's entry for a token response. */
export function keep(answer: { access_token: string; expires_in?: number | undefined }): Kept {
  return { accessToken: answer.access_token, expiresAt: Date.now() + (answer.expires_in ?? 0) * 1000 };
}
