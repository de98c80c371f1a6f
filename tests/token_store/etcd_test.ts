/** A token store in etcd. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Fetch } from "@m2m/authenticator";
import { etcdTokenStore, type EtcdTokenStoreOptions } from "@m2m/authenticator/token-store/etcd";
import { testsOn } from "../runtimes/tests_on.ts";
import { findEtcd } from "../servers/etcd.ts";
import { Fleet } from "./fleet.ts";
import { runCases } from "./run_cases.ts";

const minute = { lifetime: 60_000, signal: new AbortController().signal };

const testOnEtcd = await testsOn("etcd", findEtcd);

testOnEtcd("etcd: all cases pass, also with each request sent twice; a fleet requests one token", async (start) => {
  await using server = await start();
  const { url } = server;
  const sendTwice: Fetch = async (input, init) => {
    await (await fetch(input, init)).body?.cancel();
    return await fetch(input, init);
  };
  const store = etcdTokenStore({ url });
  const stores = [store, etcdTokenStore({ url, prefix: "twice/", fetch: sendTwice })];
  await Promise.all(stores.map((each) => runCases(each, { shortestLifetime: 2_000 })));

  await using fleet = new Fleet();
  fleet.add(8, { store, sharing: { timeout: 10_000 } });
  assertEquals([await fleet.call(), fleet.requests], [Array(8).fill("token-1"), 1]);

  await server.stop();
  await assertRejects(() => store.get("key", minute));
  await assertRejects(() => store.lease!.acquire("key", "a", minute));
});

testOnEtcd("etcd: what was refused leaves no lease of etcd's; a user is authenticated again", async (start) => {
  await using server = await start();
  const { url } = server;
  const ask = async (path: string, body = {}, headers = {}) =>
    await (await fetch(`${url}/v3/${path}`, { method: "POST", headers, body: JSON.stringify(body) })).json();
  const store = etcdTokenStore({ url });
  await Promise.all(Array.from({ length: 16 }, (_, index) => store.lease!.acquire("key", `${index}`, minute)));
  assertEquals(await store.set("key", "value", { ...minute, owner: "another" }), false);
  assertEquals((await ask("lease/leases")).leases.length, 1);

  const [username, password] = ["root", "s3cret-4711"];
  const user = { name: username, password };
  await ask("auth/user/add", user);
  await ask("auth/user/grant", { user: username, role: "root" });
  await ask("auth/enable");
  let refusal: Response | undefined;
  const refuseOnce: Fetch = async (input, init) => {
    const answer = refusal ?? await fetch(input, init);
    refusal = undefined;
    return answer;
  };
  const known = etcdTokenStore({ url, username, password, fetch: refuseOnce });
  assert(await known.set("key", "value", minute));
  const { token } = await ask("auth/authenticate", user);
  assertEquals((await ask("auth/user/changepw", user, { authorization: token })).error, undefined);
  assertEquals((await known.get("key", minute))?.value, "value");
  // With --auth-token=jwt, after any change of users.
  refusal = Response.json({ error: "etcdserver: revision of auth store is old", code: 3 }, { status: 400 });
  assertEquals((await known.get("key", minute))?.value, "value");

  for (const options of [{}, { username, password: "wrong" }]) {
    const error = await assertRejects(
      () => etcdTokenStore({ url, ...options }).get("key", minute),
      Error,
      "status 400",
    );
    assert(!error.message.includes("wrong"));
  }
});

Deno.test("etcd: answers of another server are failures, and show nothing", async () => {
  const answers: [() => Response, string][] = [
    [() => new Response("<p>SECRET</p>"), "no JSON object"],
    [() => Response.json({}), "granted no lease"],
    [() => new Response("SECRET", { status: 503 }), "status 503"],
    [() => Response.redirect("http://127.0.0.1/SECRET"), "status 302"],
  ];
  for (const [answer, text] of answers) {
    const store = etcdTokenStore({ url: "https://etcd.test", fetch: () => Promise.resolve(answer()) });
    const error = await assertRejects(() => store.set("key", "value", minute), Error, text);
    assert(!error.message.includes("SECRET"));
  }
});

Deno.test("etcd: options are sent, and those that can't be used are refused", async () => {
  const requests: Request[] = [];
  const record: Fetch = (input, init) => {
    requests.push(new Request(input, init));
    return Promise.resolve(Response.json({}));
  };
  const headers = { "x-proxy": "1" };
  await etcdTokenStore({ url: "https://etcd.test/a/", fetch: record, headers, prefix: "p/" }).get("k", minute);
  const [sent] = requests as [Request];
  assertEquals([sent.url, sent.headers.get("x-proxy")], ["https://etcd.test/a/v3/kv/range", "1"]);
  assertEquals(await sent.json(), { key: btoa("p/k") });

  const url = "https://etcd.test";
  const faults: [unknown, string][] = [
    [undefined, "url must be"],
    [{ url: "etcd:2379" }, "url must be"],
    [{ url, fetch: 1 }, "fetch must be a function"],
    [{ url, prefix: 1 }, "prefix must be a string"],
    [{ url, username: "u" }, "together"],
    [{ url, password: "p" }, "together"],
    [{ url, username: 1, password: "p" }, "username must be a string"],
  ];
  for (const [options, text] of faults) {
    assertThrows(() => etcdTokenStore(options as EtcdTokenStoreOptions), TypeError, text);
  }
});
