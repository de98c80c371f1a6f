/**
 * Tokens that the command lines of one user share, in a folder of private files.
 *
 * @module
 */

import { throwInvalid } from "../arguments.ts";
import { PrivateFolder } from "./private_folder.ts";
import type { LeasingTokenStore } from "./token_store.ts";

export type * from "./token_store.ts";

/** A text that ends by the wall clock, in milliseconds. */
interface Entry {
  readonly text: string;
  readonly end: number;
  readonly lifetime: number;
}

/** What is known of a key: its value, and the owner of its lease. */
interface State {
  readonly value?: Entry | undefined;
  readonly lease?: Entry | undefined;
}

/** How long files are kept after their end, in milliseconds. */
const grace = 3_600_000;

/**
 * Stores tokens in private files of one folder, with leases: for command lines, on Deno, Bun and Node.
 *
 * Each key has a file (mode 0600), written beside it and put in place in one step: whatever happens, a file is read whole
 * or not at all, and of processes that change it together one does. The folder (mode 0700) is made when missing. One that
 * is a symbolic link, belongs to another user or that other users may enter is refused, and so are such files; on Windows,
 * which has no modes, its access rights are the caller's matter: choose a folder in the user's profile.
 *
 * All processes are on one machine, and its wall clock counts; when that was set back, what would end later than its
 * lifetime allows has ended. Files are removed an hour after their end, when another is written. The file system must have
 * hard links. Deno needs `--allow-read` and `--allow-write` for the folder.
 *
 * @example
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { sharedTokens } from "@m2m/authenticator/token-store";
 * import { fileTokenStore } from "@m2m/authenticator/token-store/file";
 *
 * const home = await Deno.makeTempDir(); // or: Deno.env.get("HOME")
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 *   tokenStore: sharedTokens(fileTokenStore(`${home}/.cache/my-command`)),
 * });
 * await authenticator.ready();
 * console.log(authenticator.credentials?.tokenType); // Bearer
 * await Deno.remove(home, { recursive: true });
 * ```
 *
 * @param folder The folder's path or URL. For the store alone: one of the user's own, such as `~/.cache/my-command` with
 * the home folder written out.
 * @returns A value for `sharedTokens`.
 * @throws {TypeError} If the path is empty.
 * @throws {AuthenticationError} If the folder is not private (`invalid_config`), if Deno may not look
 * (`permission_denied`), or if the runtime has no files (`invalid_config`).
 */
export function fileTokenStore(folder: string | URL): LeasingTokenStore {
  const isPath = typeof folder === "string"
    ? /^(?!~)./s.test(folder)
    : folder instanceof URL && folder.protocol === "file:";
  if (!isPath) {
    throwInvalid("folder", "the path of a folder (with the home folder written out), or its file: URL", folder);
  }
  const files = new PrivateFolder(folder);

  /** Changes what is known of a key, unless `next` gives nothing. Whether it was changed. */
  async function change(key: string, signal: AbortSignal, next: (state: State, now: number) => State | undefined) {
    while (true) {
      const version = await files.read(key, signal);
      const now = Date.now();
      const state = next(parseState(version.state), now);
      if (state === undefined) return false;
      const end = Math.max(now, state.value?.end ?? 0, state.lease?.end ?? 0);
      if (await files.replace(key, version, { state, end, signal })) return true;
    }
  }

  return {
    async get(key, { signal }) {
      const { value } = parseState((await files.read(key, signal)).state);
      const now = Date.now();
      return isLive(value, now) ? { value: value.text, remainingLifetime: value.end - now } : undefined;
    },
    async set(key, text, { lifetime, owner, signal }) {
      const isWritten = await change(key, signal, (state, now) => {
        const value = makeEntry(text, lifetime, now);
        if (owner === undefined) return { ...state, value };
        return hasLease(state, owner, now) ? { value } : undefined;
      });
      // It is written, whatever becomes of others.
      if (isWritten) await files.sweep(Date.now() - grace).catch(() => {});
      return isWritten;
    },
    async delete(key, text, { signal }) {
      await change(key, signal, ({ value, lease }) => value?.text === text ? { lease } : undefined);
    },
    lease: {
      acquire(key, owner, { lifetime, signal }) {
        return change(key, signal, (state, now) => {
          const isFree = !isLive(state.lease, now) || state.lease.text === owner;
          return isFree ? { ...state, lease: makeEntry(owner, lifetime, now) } : undefined;
        });
      },
      extend(key, owner, { lifetime, signal }) {
        return change(
          key,
          signal,
          (state, now) =>
            hasLease(state, owner, now) ? { ...state, lease: makeEntry(owner, lifetime, now) } : undefined,
        );
      },
      async release(key, owner, { signal }) {
        await change(key, signal, ({ value, lease }) => lease?.text === owner ? { value } : undefined);
      },
    },
  };
}

function makeEntry(text: string, lifetime: number, now: number): Entry {
  return { text, end: now + lifetime, lifetime };
}

/** An end that is further away than the lifetime was written by a clock that has been set back since. */
function isLive(entry: Entry | undefined, now: number): entry is Entry {
  return entry !== undefined && now < entry.end && entry.end - now <= entry.lifetime;
}

function hasLease({ lease }: State, owner: string, now: number): boolean {
  return isLive(lease, now) && lease.text === owner;
}

/** What isn't whole is missing. */
function parseState(state: unknown): State {
  const { value, lease } = Object(state);
  return { value: parseEntry(value), lease: parseEntry(lease) };
}

function parseEntry(entry: unknown): Entry | undefined {
  const { text, end, lifetime } = Object(entry);
  const isWhole = typeof text === "string" && typeof end === "number" && typeof lifetime === "number";
  return isWhole ? { text, end, lifetime } : undefined;
}
