/** A store that holds nothing but ciphertext. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { sealed, type SealingKey } from "@m2m/authenticator/token-store/sealed";
import { Fleet } from "./fleet.ts";
import { memoryStore } from "./memory.ts";
import { runCases } from "./run_cases.ts";

const newKey = (id: string) => ({ id, key: crypto.getRandomValues(new Uint8Array(32)) });
const [current, previous] = [newKey("new"), newKey("old")];
const options = { signal: new AbortController().signal };
const write = { ...options, lifetime: 60_000 };

Deno.test("sealed: passes all cases, with a key of any kind", async () => {
  const base64 = btoa(String.fromCharCode(...current.key));
  const url = base64.replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
  const imported = await crypto.subtle.importKey("raw", current.key, "AES-GCM", false, ["encrypt", "decrypt"]);
  const store = memoryStore();
  await runCases(sealed(store, current), { shortestLifetime: 500 });
  await sealed(store, current).set("k", "value", write);
  for (const key of [base64, `${base64}\n`, url, imported]) {
    assertEquals((await sealed(store, { id: "new", key }).get("k", options))?.value, "value");
  }
});

Deno.test("sealed: the first key writes, all of them read, and one that is gone is a miss", async () => {
  const store = memoryStore();
  const rings: [keys: SealingKey[], value: string | undefined][] = [
    [[previous], "value"],
    [[current, previous], "value"],
    [[current], undefined],
    [[{ ...current, id: "old" }], undefined],
  ];
  await sealed(store, [previous, current]).set("k", "value", write);
  for (const [keys, expected] of rings) assertEquals((await sealed(store, keys).get("k", options))?.value, expected);
  await sealed(store, [current, previous]).set("k", "value", write);
  assertEquals(await sealed(store, previous).get("k", options), undefined);
});

Deno.test("sealed: a record that was changed, cut or moved to another key is a miss", async () => {
  const store = memoryStore();
  const ring = sealed(store, [current, previous]);
  await ring.set("k", "value", write);
  const { value } = store.values.get("k")!;
  const changed = [...value].flatMap((sign, index) => {
    if (sign === ".") return [];
    return [value.slice(0, index) + (sign === "A" ? "B" : "A") + value.slice(index + 1), value.slice(0, index)];
  });
  for (const each of [...changed, value + "A", value.replace(".new.", ".old."), "", "plain"]) {
    store.values.set("k", { value: each, end: Infinity });
    assertEquals(await ring.get("k", options), undefined, each);
  }
  store.values.set("moved", { value, end: Infinity });
  assertEquals(await ring.get("moved", options), undefined);
});

Deno.test("sealed: a stranger with the store sees neither token, client, scope nor audience", async () => {
  await using fleet = new Fleet();
  const settings = { clientId: "CLIENT", scopes: ["SCOPE"], audience: "AUDIENCE" };
  fleet.add(2, { store: sealed(fleet.store, current), ...settings });
  assertEquals([await fleet.call(), fleet.requests], [["token-1", "token-1"], 1]);
  const seen = JSON.stringify([...fleet.store.values]);
  for (const word of ["token-1", ...Object.values(settings).flat()]) assert(!seen.includes(word), word);
  fleet.revoked.add("token-1");
  assertEquals([await fleet.call(), fleet.requests], [["token-2", "token-2"], 2]);
});

Deno.test("sealed: keys that can't be used are refused, and not shown", async () => {
  const short = await crypto.subtle.generateKey({ name: "AES-GCM", length: 128 }, false, ["encrypt", "decrypt"]);
  const faults = [[], [current, current], { id: "a b", key: current.key }, { id: "a", key: "c2VjcmV0" }];
  for (const keys of [...faults, { id: "a", key: "~secret~" }, { id: "a", key: short }, { id: "a" }]) {
    const error = assertThrows(() => sealed(memoryStore(), keys as SealingKey), TypeError);
    assert(!/c2VjcmV0|secret/.test(error.message), error.message);
  }
  assertThrows(() => sealed({} as never, current), TypeError, "a TokenStore");
});
