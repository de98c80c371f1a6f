/** Token requests of a fleet, whose instances are clients with a cache of their own. @module */

import { setImmediate } from "node:timers";
import { sharedTokens, type TokenStore } from "@m2m/authenticator/token-store";
import { type Client, handMade, type Setting } from "./clients/client.ts";
import { makeMsal } from "./clients/msal.ts";
import { setClocks } from "./clocks.ts";
import { makeMember } from "./fleet_member.ts";
import { libraries, ours } from "./libraries.ts";
import { startLoopback } from "./loopback.ts";
import { atMost, type Effort, type Report, show } from "./table.ts";
import { watchedStore } from "./watched_store.ts";

const minute = 60_000;
const lifetime = 60 * minute;

/** An instance: gives the token to use, once it has done what that leads to. */
type Instance = () => Promise<unknown>;
/** A client, as all instances use it. */
interface Kind {
  readonly name: string;
  /** Whether each call requests a token: there is no cache. Default: `false`. */
  readonly isUncached?: boolean;
  /** Each fleet has a store of its own. */
  join(setting: Setting, store: TokenStore): Instance;
}

const kinds: readonly Kind[] = [
  { name: `${ours.name}, with a store`, join: joinOurs },
  { name: `${ours.name}, without`, join: (setting) => joinOurs(setting) },
  ...libraries.filter(({ name }) => name !== ours.name).flatMap(({ name, note, make }): Kind[] => {
    const join = (setting: Setting) => make(setting).getToken;
    if (note !== handMade) return [{ name, join }];
    const joinUncached = (setting: Setting) => () => make(setting).getToken();
    return [{ name, join: joinUncached, isUncached: true }, { name: `${name} (${note})`, join }];
  }),
  { name: "@azure/msal-node, cache plug-in on a store", join: joinMsal },
];

export async function measureFleetRequests({ smoke }: Effort): Promise<Report> {
  const sizes = smoke ? [1, 2] : [1, 8, 32];
  const minutes = smoke ? 65 : 250;
  const rows: string[][] = [];
  const courses: Course[] = [];
  for (const kind of kinds) {
    for (const size of sizes) courses.push(await run(kind, size, kind.isUncached ? minutes / 5 : minutes));
    const ofKind = courses.slice(-sizes.length);
    const { cold, operations, calls } = ofKind.at(-1)!;
    rows.push([
      kind.name,
      ...ofKind.map((course) =>
        kind.isUncached ? `${show(course.requests / course.hours)} ¹` : show(aLifetime(course))
      ),
      show(cold),
      operations > 0 ? show(operations / calls) : "–",
    ]);
  }
  const uncached = courses.filter((_, index) => kinds[Math.floor(index / sizes.length)]!.isUncached);
  if (uncached.some(({ requests, calls }) => requests !== calls)) throw new Error("A client is said to have no cache.");
  const [many, shared] = [sizes.at(-1)!, courses[sizes.length - 1]!];
  return {
    title: "Token requests of a fleet",
    how: `Clients of their own start at once; then each calls once a minute for ${minutes} minutes, one after the ` +
      "other. A token lives for an hour. Token requests a lifetime: of all, for each further token that one of them " +
      `used. The clock is moved on; all else is real, on loopback. ¹ No cache: one a call, here in an hour.`,
    columns: [
      "client",
      ...sizes.map((size) => `a lifetime, ${size} instance${size > 1 ? "s" : ""}`),
      `first token of ${many}`,
      "store operations a call",
    ],
    rows,
    budgets: [
      atMost(`${many} instances with a store: the first token`, shared.cold, 1, "token request"),
      atMost(`${many} instances with a store: a lifetime`, aLifetime(shared), 1, "token request"),
    ],
  };
}

/** What became of a fleet, after the first token of each. */
interface Course {
  readonly cold: number;
  readonly requests: number;
  /** How many more tokens one instance used. */
  readonly tokens: number;
  readonly calls: number;
  readonly hours: number;
  readonly operations: number;
}

/** Token requests for each token that one instance used. */
function aLifetime({ requests, tokens }: Course): number {
  return requests / tokens;
}

async function run({ join }: Kind, size: number, minutes: number): Promise<Course> {
  let passed = 0;
  let operations = 0;
  const now = performance.now.bind(performance);
  const clock = () => now() + passed;
  await using loopback = startLoopback({ delay: 2, lifetime });
  using _ = setClocks(clock);
  const store = watchedStore(() => operations++, clock);
  const instances = Array.from({ length: size }, () => join(loopback, store));
  await Promise.all(instances.map((call) => call()));
  const { counts } = loopback;
  const cold = counts.tokenRequests;
  const used = new Set<string>();
  for (let index = 0; index < minutes; index++) {
    for (const call of instances) {
      passed += minute / size;
      const token = readToken(await call());
      if (call === instances[0]) used.add(token);
    }
  }
  return {
    ...{ cold, operations, requests: counts.tokenRequests - cold, tokens: used.size - 1 },
    ...{ calls: size * minutes, hours: minutes * minute / lifetime },
  };
}

function readToken(answer: unknown): string {
  return typeof answer === "string" ? answer : (answer as { accessToken: string }).accessToken;
}

function joinOurs(setting: Setting, store?: TokenStore): Instance {
  const authenticator = makeMember(setting, { tokenStore: store && sharedTokens(store) });
  return async () => {
    const credentials = await authenticator.getCredentials();
    // No time passes while it refreshes in the background.
    do await new Promise<void>((resolve) => void setImmediate(resolve)); while (authenticator.explain().isRefreshing);
    return credentials;
  };
}

/** What its documentation shows for a cache that several processes use. */
function joinMsal(setting: Setting, store: TokenStore): Client["getToken"] {
  const options = { signal: new AbortController().signal, lifetime };
  return makeMsal(setting, {
    async beforeCacheAccess({ tokenCache }) {
      const found = await store.get("msal", options);
      if (found) tokenCache.deserialize(found.value);
    },
    async afterCacheAccess({ tokenCache, cacheHasChanged }) {
      if (cacheHasChanged) await store.set("msal", tokenCache.serialize(), options);
    },
  }).getToken;
}
