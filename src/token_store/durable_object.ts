/**
 * Tokens that Cloudflare Workers share through a Durable Object.
 *
 * @module
 */

import { checkString, throwInvalid } from "../arguments.ts";
import { parseJsonObject } from "../http/json.ts";
import type { LeasingTokenStore, StoreOptions } from "./token_store.ts";

export type * from "./token_store.ts";

/** A namespace of Durable Objects, as a Worker gets it in its `env`: what is used of it. */
export interface ObjectNamespace {
  /** Finds an object's id. */
  idFromName(name: string): unknown;
  /** Gets a stub, which sends the object requests. */
  get(id: unknown): {
    fetch(url: string, init: { method: string; body: string; signal: AbortSignal }): Promise<Response>;
  };
}

/** The storage of a Durable Object, as its class gets it in its `state`: what is used of it. */
export interface ObjectStorage {
  /** Reads a value. */
  get(key: string): Promise<unknown>;
  /** Writes a value. */
  put(key: string, value: unknown): Promise<void>;
  /** Deletes all values. */
  deleteAll(): Promise<void>;
  /** Sets when `alarm()` of the object is called. */
  setAlarm(time: number): Promise<void>;
}

/** Options of {@linkcode durableObjectTokenStore}. */
export interface DurableObjectTokenStoreOptions {
  /** What names of objects begin with. Default: `m2m:token:`. */
  readonly prefix?: string | undefined;
}

/** Where stores send commands. No request from outside has this host: it can't be registered (RFC 2606 §2). */
const url = "https://token-store.invalid/";

/** A text, and its end by the object's clock, in milliseconds since the epoch. */
interface Timed {
  readonly text: string;
  readonly end: number;
}

/** What an object stores. */
interface Entry {
  readonly value?: Timed | undefined;
  /** Its text is the owner. */
  readonly lease?: Timed | undefined;
}

/** What a store asks of an object. */
interface Command {
  readonly operation: string;
  readonly value?: string;
  readonly owner?: string | undefined;
  /** In milliseconds. */
  readonly lifetime?: number;
}

interface Answer {
  readonly isDone: boolean;
  readonly value: string | undefined;
  /** In milliseconds. */
  readonly remainingLifetime: number;
}

/** What each command makes of an entry; `undefined` where nothing is to be written. */
const changes: Readonly<Record<string, (entry: Entry, command: Command, now: number) => Entry | undefined>> = {
  get: () => undefined,
  set({ lease }, { value, lifetime, owner }, now) {
    const written = startLifetime(value, lifetime, now);
    if (owner === undefined) return { value: written, lease };
    return lease?.text === owner ? { value: written } : undefined;
  },
  delete: ({ value, lease }, command) => value?.text === command.value ? { lease } : undefined,
  acquire: ({ value, lease }, { owner, lifetime }, now) =>
    !lease || lease.text === owner ? { value, lease: startLifetime(owner, lifetime, now) } : undefined,
  extend: ({ value, lease }, { owner, lifetime }, now) =>
    lease?.text === owner ? { value, lease: startLifetime(owner, lifetime, now) } : undefined,
  release: ({ value, lease }, { owner }) => lease?.text === owner ? { value } : undefined,
};

function startLifetime(text = "", lifetime = 0, now: number): Timed {
  return { text, end: now + lifetime };
}

/**
 * Keeps one token, and the lease to request it, in a Durable Object.
 *
 * A Worker exports it beside its handlers, and names it twice in its `wrangler.jsonc`:
 *
 * ```jsonc
 * "durable_objects": { "bindings": [{ "name": "TOKENS", "class_name": "TokenStoreObject" }] },
 * "migrations": [{ "tag": "token-store", "new_sqlite_classes": ["TokenStoreObject"] }]
 * ```
 *
 * Objects do what {@linkcode durableObjectTokenStore} asks for, and only Workers with a binding reach them: pass no
 * request from outside on to one. When the token has expired, an alarm deletes all that the object stores.
 *
 * In TypeScript the binding is a `DurableObjectNamespace` without a parameter. Where it has to have one, let a class that
 * extends Cloudflare's `DurableObject` hold a `TokenStoreObject`, and call its `fetch` and `alarm`.
 *
 * @example
 * ```ts ignore
 * // Not run: it is a line of a Worker's main module, where Cloudflare finds the class.
 * export { TokenStoreObject } from "@m2m/authenticator/token-store/durable-object";
 * ```
 */
export class TokenStoreObject {
  readonly #storage: ObjectStorage;

  /**
   * Makes the object. Cloudflare calls it.
   *
   * @param state The object's state, which has its storage.
   * @param _env The Worker's bindings, which aren't used.
   */
  constructor(state: { readonly storage: ObjectStorage }, _env?: unknown) {
    this.#storage = state.storage;
  }

  /**
   * Handles what a store sends.
   *
   * @param request The request. One that no store has sent gets a 404.
   * @returns The answer.
   */
  async fetch(request: Request): Promise<Response> {
    const command = request.url === url ? parseJsonObject(await request.text()) as Command | undefined : undefined;
    if (!command || !Object.hasOwn(changes, command.operation)) return new Response(null, { status: 404 });
    // While its storage is at work, an object is handed nothing else: from here on all is one step.
    const entry = await this.#read();
    const now = Date.now();
    const changed = changes[command.operation]!(entry, command, now);
    if (changed) await this.#write(changed);
    const { text, end = now } = (command.operation === "get" ? entry.value : undefined) ?? {};
    const answer: Answer = { isDone: changed !== undefined, value: text, remainingLifetime: end - now };
    return Response.json(answer);
  }

  /** Deletes what has expired. Cloudflare calls it. */
  async alarm(): Promise<void> {
    const entry = await this.#read();
    // An alarm may come early.
    if (entry.value || entry.lease) await this.#write(entry);
    else await this.#storage.deleteAll();
  }

  async #read(): Promise<Entry> {
    const { value, lease } = (await this.#storage.get("entry") ?? {}) as Entry;
    const now = Date.now();
    return { value: value && value.end > now ? value : undefined, lease: lease && lease.end > now ? lease : undefined };
  }

  async #write(entry: Entry): Promise<void> {
    await this.#storage.put("entry", entry);
    const end = Math.max(entry.value?.end ?? 0, entry.lease?.end ?? 0);
    // Where nothing is left, an earlier alarm is still set.
    if (end > 0) await this.#storage.setAlarm(Math.ceil(end));
  }
}

/**
 * Keeps tokens in Durable Objects: one object a token.
 *
 * So tokens don't wait for one another, and an object that isn't needed costs nothing. All that Workers do to a token
 * happens in one place, in one order and by one clock: of all that start together, wherever they are, one requests it.
 *
 * An object stays near the Worker that was the first to ask for it. From another continent its answer may take longer
 * than the 250 ms that `sharedTokens` waits: set its `timeout` to the time that a token request takes.
 *
 * The Worker exports {@linkcode TokenStoreObject}. Any compatibility date will do.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs a binding, as TokenStoreObject describes it.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { sharedTokens } from "@m2m/authenticator/token-store";
 * import { durableObjectTokenStore, type ObjectNamespace } from "@m2m/authenticator/token-store/durable-object";
 * export { TokenStoreObject } from "@m2m/authenticator/token-store/durable-object";
 *
 * let authenticator: ClientCredentialsAuthenticator | undefined;
 * export default {
 *   fetch(_request: Request, env: { TOKENS: ObjectNamespace; CLIENT_SECRET: string }): Promise<Response> {
 *     authenticator ??= new ClientCredentialsAuthenticator({
 *       endpoint: "https://api.example.com",
 *       clientId: "my-client",
 *       clientSecret: env.CLIENT_SECRET,
 *       configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 *       tokenStore: sharedTokens(durableObjectTokenStore(env.TOKENS), { timeout: 500 }),
 *     });
 *     return authenticator.fetch("/v1/projects");
 *   },
 * };
 * ```
 *
 * @param namespace The namespace of the objects: `env.` and the binding's name.
 * @param options A prefix of names.
 * @returns A store with leases.
 * @throws {TypeError} If the namespace or the prefix can't be used.
 */
export function durableObjectTokenStore(
  namespace: ObjectNamespace,
  options: DurableObjectTokenStoreOptions = {},
): LeasingTokenStore {
  const { prefix = "m2m:token:" } = options;
  if (typeof namespace?.idFromName !== "function") {
    throwInvalid("namespace", "a namespace of Durable Objects, such as env.TOKENS", namespace);
  }
  checkString("prefix", prefix);

  async function send(key: string, { signal }: StoreOptions, command: Command): Promise<Answer> {
    const stub = namespace.get(namespace.idFromName(prefix + key));
    const response = await stub.fetch(url, { method: "POST", body: JSON.stringify(command), signal });
    const answer = parseJsonObject(await response.text()) as Answer | undefined;
    if (typeof answer?.isDone === "boolean") return answer;
    throw new Error(`The Durable Object answered ${response.status}. Check that its class is TokenStoreObject.`);
  }
  const isDone = async (...request: Parameters<typeof send>) => (await send(...request)).isDone;

  return {
    async get(key, options) {
      const { value, remainingLifetime } = await send(key, options, { operation: "get" });
      return value === undefined ? undefined : { value, remainingLifetime };
    },
    set(key, value, options) {
      const { lifetime, owner } = options;
      return isDone(key, options, { operation: "set", value, lifetime, owner });
    },
    async delete(key, value, options) {
      await send(key, options, { operation: "delete", value });
    },
    lease: {
      acquire: (key, owner, options) =>
        isDone(key, options, { operation: "acquire", owner, lifetime: options.lifetime }),
      extend: (key, owner, options) => isDone(key, options, { operation: "extend", owner, lifetime: options.lifetime }),
      async release(key, owner, options) {
        await send(key, options, { operation: "release", owner });
      },
    },
  };
}
