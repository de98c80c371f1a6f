/**
 * A process that starts: prints how long its first token takes, in microseconds. Arguments: the origin of the loopback
 * servers, and that of a store if it has one.
 *
 * @module
 */

import { sharedTokens } from "@m2m/authenticator/token-store";
import { makeMember } from "./fleet_member.ts";
import { storeAt } from "./watched_store.ts";

const [api = "", store] = Deno.args;
const start = performance.now();
const tokenStore = store ? sharedTokens(storeAt(store)) : undefined;
await makeMember({ api, tokenEndpoint: `${api}/token` }, { tokenStore }).getCredentials();
console.log((performance.now() - start) * 1_000);
