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
  /** What a program keeps for each client: of a library without a cache, the one made by hand. */
  readonly kept: unknown;
  /** The library's own call for a token to use now, or the usual lines around it where it has none. */
  readonly getToken: () => Promise<unknown>;
  /** Calls a path of the API with a token. */
  readonly fetch: (path: string) => Promise<Response>;
}

/** A library, and how it is used. */
export interface Library {
  /** With its version: `npm:openid-client@6.8.9`. */
  readonly package: string;
  /** The names to import for the job. */
  readonly imports: string;
  /** What stands around it, where it doesn't do the job by itself. */
  readonly note?: string;
  /** Why its token requests can't be answered in memory. Default: they can. */
  readonly networkOnly?: string;
  /** How many times fewer of its calls and instances are measured: some do so much. Default: 1. */
  readonly slowness?: number;
  make(setting: Setting): Client;
}

export const clientId = "bench-client";
export const clientSecret = "bench-secret";

/** A client of a library that only gets tokens. */
export function tokenClient({ api }: Setting, getToken: () => Promise<string>, kept: unknown = getToken): Client {
  const call = async (path: string) => fetch(api + path, { headers: { authorization: `Bearer ${await getToken()}` } });
  return { kept, getToken, fetch: call };
}

/** The note of a library with the {@linkcode handMadeCache}. */
export const handMade = "hand-made cache";

/** The cache that most programs write by hand: after the token's end, each caller requests one. */
export function handMadeCache(
  request: () => Promise<{ access_token: string; expires_in?: number | undefined }>,
): () => Promise<string> {
  let kept: { accessToken: string; expiresAt: number } | undefined;
  return async () => {
    if (kept === undefined || Date.now() >= kept.expiresAt) {
      const { access_token: accessToken, expires_in: seconds = 0 } = await request();
      kept = { accessToken, expiresAt: Date.now() + seconds * 1000 };
    }
    return kept.accessToken;
  };
}
