/**
 * What a token store does on Redis: one script an operation, however it gets there.
 *
 * @module
 */

import { checkString, throwInvalid } from "../arguments.ts";
import type { LeasingTokenStore } from "./token_store.ts";

/** Options of the stores on Redis. */
export interface RedisTokenStoreOptions {
  /** What the names of all keys begin with. Default: `m2m:token:`. */
  prefix?: string | undefined;
}

/** One call of a script. */
export interface ScriptCall {
  readonly script: string;
  readonly keys: string[];
  readonly args: string[];
  readonly signal: AbortSignal;
}

/** Runs a script by EVAL, and gives the reply. */
export type RunScript = (call: ScriptCall) => unknown;

/**
 * The keys are the value's and the lease's. Clients send a command again by themselves when a connection breaks: each
 * script gives the same answer twice. A key that ended while its script ran is still seen by it.
 */
const scripts = {
  // In one text, for some clients parse texts that are JSON.
  get: `local value = redis.call("GET", KEYS[1])
if not value then return false end
local left = redis.call("PTTL", KEYS[1])
if left <= 0 then return false end
return left .. ":" .. value`,
  set: `if ARGV[3] and redis.call("GET", KEYS[2]) ~= ARGV[3] then
  return redis.call("GET", KEYS[1]) == ARGV[1] and 1 or 0
end
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
if ARGV[3] then redis.call("DEL", KEYS[2]) end
return 1`,
  delete: `if redis.call("GET", KEYS[1]) == ARGV[1] then redis.call("DEL", KEYS[1]) end
return 1`,
  acquire: `local owner = redis.call("GET", KEYS[2])
if owner and owner ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[2], ARGV[1], "PX", ARGV[2])
return 1`,
  extend: `if redis.call("GET", KEYS[2]) ~= ARGV[1] then return 0 end
redis.call("PEXPIRE", KEYS[2], ARGV[2])
return 1`,
  release: `if redis.call("GET", KEYS[2]) == ARGV[1] then redis.call("DEL", KEYS[2]) end
return 1`,
};

/** Makes a store of a function that runs scripts. */
export function makeRedisStore(
  run: RunScript,
  { prefix = "m2m:token:" }: RedisTokenStoreOptions,
): LeasingTokenStore {
  // By an empty hash tag in front, the two keys of a token would be in different slots of a cluster.
  if (checkString("prefix", prefix)?.includes("{}")) throwInvalid("prefix", 'a string without "{}"', prefix);

  async function ask(name: keyof typeof scripts, key: string, args: string[], signal: AbortSignal) {
    signal.throwIfAborted();
    const value = `${prefix}{${key}}`;
    let reply: unknown;
    try {
      reply = await run({ script: scripts[name], keys: [value, `${value}:lease`], args, signal });
    } catch (error) {
      signal.throwIfAborted();
      throw newFailure(nameFailure(error));
    }
    return readReply(reply);
  }

  async function isDone(...command: Parameters<typeof ask>): Promise<boolean> {
    const answer = await ask(...command);
    if (answer !== "1" && answer !== "0") throw newFailure("unknown reply");
    return answer === "1";
  }

  return {
    get: async (key, { signal }) => {
      const reply = await ask("get", key, [], signal);
      if (reply === undefined) return undefined;
      const end = reply.indexOf(":");
      const remainingLifetime = Number(reply.slice(0, end));
      if (!(end > 0 && remainingLifetime > 0)) throw newFailure("unknown reply");
      return { value: reply.slice(end + 1), remainingLifetime };
    },
    set: (key, value, { lifetime, owner, signal }) =>
      isDone("set", key, [value, toMilliseconds(lifetime), ...owner === undefined ? [] : [owner]], signal),
    delete: async (key, value, { signal }) => void await isDone("delete", key, [value], signal),
    lease: {
      acquire: (key, owner, { lifetime, signal }) => isDone("acquire", key, [owner, toMilliseconds(lifetime)], signal),
      extend: (key, owner, { lifetime, signal }) => isDone("extend", key, [owner, toMilliseconds(lifetime)], signal),
      release: async (key, owner, { signal }) => void await isDone("release", key, [owner], signal),
    },
  };
}

/** Redis takes whole ones alone. */
function toMilliseconds(lifetime: number): string {
  return String(Math.min(Math.floor(lifetime), Number.MAX_SAFE_INTEGER));
}

/** Reads a reply as text; `undefined` is Redis's null. Clients give bytes, and numbers in several forms. */
function readReply(reply: unknown): string | undefined {
  if (reply === null) return undefined;
  if (reply instanceof Uint8Array) return new TextDecoder().decode(reply);
  if (["string", "number", "bigint"].includes(typeof reply)) return String(reply);
  throw new TypeError(
    "Cannot use Redis: the client gives no reply. Pass one whose methods return promises, and no transaction or pipeline.",
  );
}

/** The client's own error isn't kept: commands, and so tokens, are in those of ioredis and @upstash/redis. */
function nameFailure(error: unknown): string {
  const { code, message, name, cause } = Object(error);
  for (const text of [code, message, Object(cause).code]) {
    // Of a reply that @db/redis gives as it came.
    const [, found] = /^-?([A-Z][A-Z_]+\b(?: \d{3}$)?)/.exec(String(text)) ?? [];
    if (found) return found;
  }
  return String(name);
}

function newFailure(reason: string): Error {
  return new Error(`Cannot use Redis: ${reason}.`);
}
