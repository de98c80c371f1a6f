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

type Env = Readonly<Record<"API" | "TOKEN_ENDPOINT", string>>;
type WaitUntil = NonNullable<ClientCredentialsAuthenticatorOptions["waitUntil"]>;

/** Added to the clock, in milliseconds. */
let ahead = 0;
/** The latest request's. */
let current: { waitUntil: WaitUntil } | undefined;
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
async function findWaitUntil(name: string): Promise<WaitUntil | undefined> {
  if (name === "context") return (work) => current?.waitUntil(work);
  // Computed, so that no bundler finds it.
  if (name === "imported") return (await import(["cloudflare", "workers"].join(":"))).waitUntil;
}

async function findClient(name: string, env: Env): Promise<ClientCredentialsAuthenticator> {
  const waitUntil = await findWaitUntil(name);
  const found = clients.get(name) ?? build(name, env, waitUntil);
  clients.set(name, found);
  return found;
}

type Route = (authenticator: ClientCredentialsAuthenticator, value: number) => Promise<unknown>;

/** By path. */
const routes: Readonly<Record<string, Route>> = {
  "/call": async (authenticator) => await (await authenticator.fetch("/x")).text(),
  /** Calls the API, and ends after so many milliseconds without its answer. */
  async "/leave"(authenticator, time) {
    void authenticator.fetch("/x").catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, time));
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
  async fetch(request: Request, env: Env, context: { waitUntil: WaitUntil }): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    try {
      const authenticator = await findClient(searchParams.get("client") ?? "a", env);
      current = context;
      const answer = await routes[pathname]?.(authenticator, Number(searchParams.get("value")));
      return new Response(String(answer));
    } catch (error) {
      return new Response(error instanceof AuthenticationError ? error.code : String(error), { status: 500 });
    }
  },
};
