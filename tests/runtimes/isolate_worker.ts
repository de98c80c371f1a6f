/**
 * A worker whose requests share authenticators, as a real one's do: for the tests of one request's effects on the others
 * of its isolate.
 *
 * @module
 */

import {
  AuthenticationError,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  StaticClientConfigStore,
} from "@m2m/authenticator";

interface Env {
  readonly API: string;
  readonly TOKEN_ENDPOINT: string;
}

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

type WaitUntil = NonNullable<ClientCredentialsAuthenticatorOptions["waitUntil"]>;

/** Added to the clock, in milliseconds. */
let ahead = 0;
/** The latest request's. */
let current: Context | undefined;
const clients = new Map<string, ClientCredentialsAuthenticator>();

function build(clientId: string, env: Env, waitUntil?: WaitUntil): ClientCredentialsAuthenticator {
  return new ClientCredentialsAuthenticator({
    endpoint: env.API,
    clientId,
    clientSecret: "secret",
    configStore: new StaticClientConfigStore({ tokenEndpoint: env.TOKEN_ENDPOINT }),
    clock: { wall: () => Date.now() + ahead, monotonic: () => performance.now() + ahead },
    waitUntil,
  });
}

// Outside of a request there is no I/O, no time and no randomness.
const early = build("early", { API: "https://api.test", TOKEN_ENDPOINT: "https://auth.test/token" });

/** The waitUntil of a client, by its name. */
const waitUntils: Readonly<Record<string, () => Promise<WaitUntil>>> = {
  context: () => Promise.resolve((work) => current?.waitUntil(work)),
  async imported() {
    // Computed, so that no bundler finds it.
    const specifier = ["cloudflare", "workers"].join(":");
    return (await import(specifier)).waitUntil;
  },
};

async function client(name: string, env: Env): Promise<ClientCredentialsAuthenticator> {
  const waitUntil = await waitUntils[name]?.();
  const found = clients.get(name) ?? build(name, env, waitUntil);
  clients.set(name, found);
  return found;
}

const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

/** By path. */
const routes: Readonly<
  Record<string, (authenticator: ClientCredentialsAuthenticator, value: number) => Promise<unknown>>
> = {
  "/call": async (authenticator) => await (await authenticator.fetch("/x")).text(),
  /** Calls the API, and ends after so many milliseconds without its answer. */
  async "/leave"(authenticator, time) {
    void authenticator.fetch("/x").catch(() => {});
    await pause(time);
    return "left";
  },
  "/refresh": async (authenticator) => (await authenticator.refreshCredentials()).accessToken,
  "/close": async (authenticator) => await authenticator.close() ?? "closed",
  /** Blocks the isolate. No clock moves meanwhile: the value is a number of rounds. */
  "/toil"(_, rounds) {
    let sum = 0;
    for (let round = 0; round < rounds; round++) sum = Math.imul(sum + round, 31);
    return Promise.resolve(`toiled: ${sum}`);
  },
  "/forward": (_, time) => Promise.resolve(ahead += time),
  "/early": () => Promise.resolve(early.credentials ?? "nothing"),
};

export default {
  async fetch(request: Request, env: Env, context: Context): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    try {
      const authenticator = await client(searchParams.get("client") ?? "a", env);
      current = context;
      const answer = await routes[pathname]?.(authenticator, Number(searchParams.get("value")));
      return new Response(String(answer));
    } catch (error) {
      const { name, message } = Object(error);
      const text = error instanceof AuthenticationError ? error.code : `${name}: ${message}`;
      return new Response(text, { status: 500 });
    }
  },
};
