/**
 * Tries a client: what its caller sees of a plain call, of a stream, of aborts, time-outs, a revoked token, and a token
 * endpoint that is down.
 *
 * @module
 */

import {
  AuthenticationError,
  type AuthenticatorEvent,
  ClientCredentialsAuthenticator,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import type { Calls, Sdk } from "./sdk.ts";

/** What a program gets. */
export interface Input {
  /** The runtime's name. */
  readonly runtime: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The API's origin. */
  readonly api: string;
  /** One that works; one that answers 503; one that never answers. */
  readonly tokenEndpoints: { readonly up: string; readonly down: string; readonly silent: string };
}

/** What a client's caller can tell of an error, and where in it ours is. */
interface ErrorFacts {
  readonly name: string;
  /** The property that has it, where the error isn't ours itself. `undefined`: none has it. */
  readonly ours: string | undefined;
  readonly text: string;
}

/** What the client's caller saw. */
export interface Outcome {
  readonly value?: unknown;
  readonly error?: ErrorFacts;
  /** How often the client called `fetch`, and how many of those calls were still pending at the end. */
  readonly calls: number;
  readonly pending: number;
  readonly events: readonly AuthenticatorEvent[];
}

/** What came of a client's trials; those it has no means for are absent. */
export interface Result extends Pick<Sdk, "api" | "has" | "callerHeader"> {
  readonly trials: Readonly<Partial<Record<Trial, Outcome>>>;
}

/** The text of the error of a trial that never ends. */
export const late = "the trial hangs";

/** How long a trial may take, and a client's own time-out, in milliseconds. */
const limits = { trial: 20_000, timeout: 500 };

/** What happens beside a client. */
interface Beside {
  /** Asks the API to do something, or waits until it has seen something. */
  readonly ask: (what: "continue" | "arrived" | "revoke") => Promise<unknown>;
  /** Resolves when the client first calls `fetch`. */
  readonly called: Promise<void>;
}

const trials = {
  plain: (calls) => calls.plain(),
  async stream(calls, { ask }) {
    const pieces: string[] = [];
    for await (const piece of calls.stream!()) {
      // The API waits for this before it sends the second.
      if (pieces.push(piece) === 1) await ask("continue");
    }
    return pieces;
  },
  async abort(calls, { ask }) {
    throw await abortAfter(calls, ask("arrived"));
  },
  // The token endpoint doesn't answer.
  async abortedWait(calls, { called }) {
    throw await abortAfter(calls, called);
  },
  timeout: (calls) => calls.plain(),
  async revoked(calls, { ask }) {
    const values = [await calls.plain()];
    await ask("revoke");
    values.push(await calls.plain());
    await ask("revoke");
    return [...values, await (calls.post?.("a body") ?? calls.plain())];
  },
  down: (calls) => calls.plain(),
  keep: (calls) => calls.plain(),
} satisfies Record<string, (calls: Calls, beside: Beside) => Promise<unknown>>;

/** Aborts a call after something has happened; resolves to the error. */
async function abortAfter(calls: Calls, event: Promise<unknown>): Promise<unknown> {
  const aborting = new AbortController();
  const error = calls.plain(aborting.signal).catch((error) => error);
  await event;
  aborting.abort();
  return await error;
}

export type Trial = keyof typeof trials;

/** Runs all trials of some clients. */
export async function tryAll(sdks: Readonly<Record<string, Sdk>>, input: Input): Promise<Record<string, Result>> {
  const isTried = ({ notOn = [] }: Sdk) => !notOn.some((name) => input.runtime.startsWith(name));
  const tried = Object.entries(sdks).filter(([, sdk]) => isTried(sdk)).map(
    async ([name, sdk]): Promise<[string, Result]> => {
      const { api, has, callerHeader } = sdk;
      const isFit: Partial<Record<string, boolean>> = {
        ...has,
        abortedWait: has.abort,
        keep: callerHeader !== undefined,
      };
      const outcomes = (Object.keys(trials) as Trial[]).filter((trial) => isFit[trial] ?? true).map(async (trial) => {
        const outcome = await tryOut(name, sdk, trial, input);
        return outcome && [trial, outcome] as const;
      });
      const entries = (await Promise.all(outcomes)).filter((each) => each !== undefined);
      return [name, { api, has, ...callerHeader && { callerHeader }, trials: Object.fromEntries(entries) }];
    },
  );
  return Object.fromEntries(await Promise.all(tried));
}

async function tryOut(name: string, sdk: Sdk, trial: Trial, input: Input): Promise<Outcome | undefined> {
  const place = `${sdk.api}/${name}/${trial}`;
  const url = `${input.api}/${place}`;
  const { up, down, silent } = input.tokenEndpoints;
  const tokenEndpoint = trial === "down" ? down : /timeout|Wait/.test(trial) ? silent : up;
  const events: AuthenticatorEvent[] = [];
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: url,
    clientId: input.clientId,
    clientSecret: input.clientSecret,
    configStore: new StaticClientConfigStore({ tokenEndpoint }),
    retry: { maxAttempts: 1 },
    fetch: sdk.fetch,
    callerHeader: trial === "keep" ? undefined : sdk.callerHeader,
    onEvent: (event) => void events.push(event),
  });
  const called = Promise.withResolvers<void>();
  let calls = 0;
  let pending = 0;
  const count = <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) => (...args: Args) => {
    calls++;
    pending++;
    called.resolve();
    return call(...args).finally(() => pending--);
  };
  const counted = {
    authorize: count((headers: Headers) => authenticator.authorize(headers)),
    explain: () => authenticator.explain(),
    fetch: count(authenticator.fetch),
    getCredentials: count((options?: { signal?: AbortSignal }) => authenticator.getCredentials(options)),
    refreshCredentials: authenticator.refreshCredentials.bind(authenticator),
  };
  const ask: Beside["ask"] = (what) =>
    globalThis.fetch(`${input.api}/control/${what}/${place}`).then((it) => it.text());
  let client: Calls | undefined;
  const run = async () => {
    const timeout = trial === "timeout" ? limits.timeout : undefined;
    client = await sdk.connect({ url, fetch: counted.fetch, authenticator: counted, timeout });
    if (trial === "stream" && !client.stream) return undefined;
    return { value: await trials[trial](client, { ask, called: called.promise }) };
  };
  const outcome = await within(run()).catch((error) => ({ error: describe(error) }));
  // What waits for the call may need a turn.
  await new Promise((resolve) => setTimeout(resolve, 0));
  const facts = { calls, pending, events };
  await client?.close?.();
  await authenticator.close();
  return outcome && { ...outcome, ...facts };
}

async function within<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(late)), limits.trial);
  });
  return await Promise.race([promise, tooLate]).finally(() => clearTimeout(timer));
}

function describe(error: unknown): ErrorFacts {
  const { name, constructor, message } = Object(error);
  // Not by its name: other packages have an error of the same one.
  const isOurs = (value: unknown) => value instanceof AuthenticationError;
  const properties = Object.getOwnPropertyNames(Object(error));
  const ours = isOurs(error) ? "itself" : properties.find((property) => isOurs(Object(error)[property]));
  return {
    // axios gives an error of its own the name of another. Bundlers change names of classes.
    name: /^(Error|AuthenticationError|undefined)$/.test(name) ? constructor.name.replace(/^_|\d$/g, "") : name,
    ours: ours ?? (String(message).includes("Cannot get a token") ? "message" : undefined),
    text: String(message),
  };
}
