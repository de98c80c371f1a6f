/** Reads a token from the cache, or stores one; prints both, and the note. @module */
import { openTokenCache } from "../../src/cli/cache/token_cache.ts";

const options = { signal: new AbortController().signal, lifetime: 60_000 };
const { store, note } = await openTokenCache();
const read = async () => (await store.get("key", options))?.value;
const before = await read();
if (before === undefined) await store.set("key", "planted-token", options);
console.log(JSON.stringify({ before, after: await read(), note }));
