/**
 * A token store in etcd.
 *
 * It needs etcd's JSON gateway and `fetch` alone, so that every runtime reaches it; transactions compare values, and leases
 * end by the servers' clock. Chosen over NATS: a key-value bucket of NATS 2.9 has one lifetime for all its values, and is
 * reached by a client of its own only.
 *
 * @module
 */

import { decodeBase64, encodeBase64 } from "@std/encoding/base64";
import { checkFunction, checkString, checkUrl } from "../arguments.ts";
import { cancel } from "../http/body.ts";
import { type Fetch, globalFetch } from "../http/fetch.ts";
import { parseJsonObject } from "../http/json.ts";
import type { LeasingTokenStore } from "./token_store.ts";

export type { Fetch } from "../http/fetch.ts";
export type * from "./token_store.ts";

/** Options of {@linkcode etcdTokenStore}. */
export interface EtcdTokenStoreOptions {
  /** Where etcd, or a load balancer before it, listens for clients: `http://etcd:2379`. A path before `/v3` is kept. */
  url: string | URL;
  /** The user, where etcd has authentication enabled. Default: none. */
  username?: string | undefined;
  /** The user's password. Default: none. */
  password?: string | undefined;
  /** Headers of every request, such as those of a proxy. Default: none. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Sends the requests: one with a client certificate or an authority of its own, for example. Default: the runtime's. */
  fetch?: Fetch | undefined;
  /** What all keys begin with. Default: `m2m:token:`. */
  prefix?: string | undefined;
}

/**
 * Keeps tokens in etcd (3.4 or later), by its JSON gateway.
 *
 * Every change is one transaction. An owner writes only while the lease is its own: the transaction compares it. A value
 * has an etcd lease for its lifetime, and so has the token lease: whole seconds, rounded up, and no less than etcd's
 * shortest, which is 2 s by default.
 *
 * etcd starts all its leases again when its leader changes, and what they have left is no remaining lifetime of a token.
 * So none is given: a token ends by the clock of the process that wrote it. One that is a few minutes off costs token
 * requests, and no failed call.
 *
 * With `username`, a token of etcd's is requested when there is none, or when etcd no longer accepts it.
 *
 * A busy cluster answers a process that has just started after more than the 250 ms that a store may take by default: pass
 * `timeout` to `sharedTokens`, as here.
 *
 * @example
 * ```ts
 * import { sharedTokens } from "@m2m/authenticator/token-store";
 * import { etcdTokenStore } from "@m2m/authenticator/token-store/etcd";
 *
 * const store = etcdTokenStore({ url: "https://etcd.example.com:2379", username: "tokens", password: "my-password" });
 * const tokenStore = sharedTokens(store, { timeout: 1_000 });
 * console.log(typeof tokenStore); // object
 * ```
 *
 * @param options The server's URL, and how it is reached.
 * @returns A store with leases.
 * @throws {TypeError} If an option can't be used.
 */
export function etcdTokenStore(options: EtcdTokenStoreOptions): LeasingTokenStore {
  const gateway = new Gateway(options ?? {});
  const prefix = checkString("prefix", options.prefix) ?? "m2m:token:";
  const nameValue = (key: string) => encodeBase64(prefix + key);
  const nameLease = (key: string) => encodeBase64(`${prefix}${key}:lease`);

  return {
    async get(key, { signal }) {
      const value = await gateway.read(nameValue(key), signal);
      return value === undefined ? undefined : { value };
    },
    set(key, value, { lifetime, owner, signal }) {
      const lease = nameLease(key);
      const fence = owner === undefined ? {} : { compare: [hasValue(lease, owner)], remove: lease };
      return gateway.write({ key: nameValue(key), value, lifetime, ...fence }, signal);
    },
    delete: (key, value, { signal }) => gateway.remove(nameValue(key), value, signal),
    lease: {
      async acquire(key, owner, { lifetime, signal }) {
        const lease = nameLease(key);
        // Most that ask wait for another one, which takes no etcd lease.
        const holder = await gateway.read(lease, signal);
        if (holder !== undefined && holder !== owner) return false;
        const compare = holder ? hasValue(lease, owner) : { key: lease, target: "CREATE", create_revision: 0 };
        return await gateway.write({ key: lease, value: owner, lifetime, compare: [compare] }, signal);
      },
      extend(key, owner, { lifetime, signal }) {
        const lease = nameLease(key);
        return gateway.write({ key: lease, value: owner, lifetime, compare: [hasValue(lease, owner)] }, signal);
      },
      release: (key, owner, { signal }) => gateway.remove(nameLease(key), owner, signal),
    },
  };
}

/** What etcd answers, as far as it is used. Numbers of 64 bits are texts. */
interface Answer {
  readonly kvs?: readonly { readonly value?: string; readonly lease?: string }[];
  readonly ID?: string;
  readonly succeeded?: boolean;
  readonly responses?: readonly { readonly response_range?: Answer }[];
  readonly token?: string;
}

/** A value that is written with an etcd lease where all comparisons hold. */
interface Write {
  /** In base64, as all keys. */
  readonly key: string;
  readonly value: string;
  /** In milliseconds. */
  readonly lifetime: number;
  readonly compare?: readonly object[] | undefined;
  /** A key that is removed in the same step. */
  readonly remove?: string | undefined;
}

/** etcd's JSON gateway: https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/ */
class Gateway {
  readonly #url: string;
  readonly #fetch: Fetch;
  readonly #headers: Headers;
  readonly #user: { readonly name: string; readonly password: string } | undefined;
  #token: string | undefined;

  constructor({ url, fetch = globalFetch, headers, username, password }: EtcdTokenStoreOptions) {
    this.#url = checkUrl("url", url).href.replace(/\/*$/, "/v3/");
    checkFunction("fetch", fetch);
    if (!checkString("username", username) !== !checkString("password", password)) {
      throw new TypeError("username and password must be given together, or neither.");
    }
    this.#fetch = fetch;
    try {
      this.#headers = new Headers(headers);
    } catch {
      // Runtimes quote the value.
      throw new TypeError("headers must be names and values of HTTP headers.");
    }
    this.#user = username ? { name: username, password: password! } : undefined;
  }

  /** The value of a key. */
  async read(key: string, signal: AbortSignal): Promise<string | undefined> {
    const { kvs } = await this.#call("kv/range", { key }, signal);
    return kvs?.[0] && new TextDecoder().decode(decodeBase64(kvs[0].value ?? ""));
  }

  /** Writes a value; returns whether it did. */
  async write({ key, value, lifetime, compare = [], remove }: Write, signal: AbortSignal): Promise<boolean> {
    const { ID: lease } = await this.#call("lease/grant", { TTL: Math.ceil(lifetime / 1_000) }, signal);
    if (!lease) throw new Error("Cannot use etcd: it granted no lease.");
    const { succeeded, responses } = await this.#call("kv/txn", {
      compare,
      success: [
        { request_put: { key, value: encodeBase64(value), lease } },
        ...remove ? [{ request_delete_range: { key: remove } }] : [],
      ],
      failure: [{ request_range: { key } }],
    }, signal);
    // A transaction that was sent twice finds what it wrote. The etcd lease of what it replaced ends by itself.
    if (succeeded || responses?.[0]?.response_range?.kvs?.[0]?.lease === lease) return true;
    // If this fails, or an answer is lost, it ends by itself too.
    await this.#call("lease/revoke", { ID: lease }, signal).catch(() => {});
    return false;
  }

  /** Removes a key that has this value. */
  async remove(key: string, value: string, signal: AbortSignal): Promise<void> {
    const success = [{ request_delete_range: { key } }];
    await this.#call("kv/txn", { compare: [hasValue(key, value)], success }, signal);
  }

  async #call(path: string, body: object, signal: AbortSignal): Promise<Answer> {
    const known = this.#token;
    // Not as a promise: on workerd one request can't wait for another's.
    if (this.#user) this.#token ??= await this.#authenticate(signal);
    let response = await this.#send(path, body, signal);
    // A token of etcd's ends when it wasn't used for a while, when users change (a 400), and with its server.
    if (known && [400, 401].includes(response.status)) {
      cancel(response.body);
      this.#token = await this.#authenticate(signal);
      response = await this.#send(path, body, signal);
    }
    return await parse(response);
  }

  async #authenticate(signal: AbortSignal): Promise<string | undefined> {
    this.#token = undefined;
    return (await parse(await this.#send("auth/authenticate", this.#user!, signal))).token;
  }

  async #send(path: string, body: object, signal: AbortSignal): Promise<Response> {
    const headers = new Headers(this.#headers);
    headers.set("content-type", "application/json");
    if (this.#token) headers.set("authorization", this.#token);
    const init = { method: "POST", headers, body: JSON.stringify(body), redirect: "manual", signal } as const;
    return await this.#fetch(this.#url + path, init);
  }
}

/** A comparison that holds where the key has this value. */
function hasValue(key: string, value: string): object {
  return { key, target: "VALUE", value: encodeBase64(value) };
}

/** Reads an answer. It may hold a token: none of it is shown. */
async function parse(response: Response): Promise<Answer> {
  if (!response.ok) {
    cancel(response.body);
    throw new Error(`Cannot use etcd: it answered with the status ${response.status}.`);
  }
  const answer = parseJsonObject(await response.text());
  if (!answer) throw new Error("Cannot use etcd: its answer is no JSON object.");
  return answer;
}
