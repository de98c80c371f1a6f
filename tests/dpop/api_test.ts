import { assertEquals, assertNotEquals } from "@std/assert";
import type { Fetch } from "@m2m/authenticator";
import { dpop } from "@m2m/authenticator/dpop";
import { getStatus } from "../client_auth/refusal.ts";
import { serve } from "../servers/loopback.ts";
import { startScene } from "./scene.ts";

Deno.test("fetch: each call has its own proof, with the method as the server gets it", async () => {
  await using scene = await startScene();
  const client = scene.client();
  for (const method of ["GET", "get", "Post", "delete", "PATCH", "patch", "M-SEARCH"]) {
    assertEquals([method, await getStatus(client.fetch("/v1/projects?page=2#top", { method }))], [method, 200]);
  }

  const { proofs, faults } = scene.verifier;
  const { htm, htu, nonce } = proofs[0]!;
  assertEquals([htm, htu, nonce], ["GET", `${scene.api.origin}/v1/projects`, undefined]);
  assertEquals([new Set(proofs.map(({ jti }) => jti)).size, faults], [7, []]);
});

const post = { method: "POST", body: "a body" };

Deno.test("fetch: returns the 401 to a stream; the next call has the nonce", async () => {
  await using scene = await startScene({ api: { nonce: "first" } });
  const client = scene.client();
  const send = () =>
    client.fetch("/x", { ...post, body: new Blob(["a body"]).stream(), duplex: "half" } as RequestInit);

  const [refused, accepted] = [await send(), await send()];
  await refused.body?.cancel();

  assertEquals([refused.status, accepted.status, (await accepted.json()).body], [401, 200, "a body"]);
  assertEquals(scene.server.tokenRequests.length, 1);
});

Deno.test("fetch: refreshes a rejected token, and replays the call with a new proof", async () => {
  await using scene = await startScene({ api: { nonce: "first" } });
  const client = scene.client();
  await getStatus(client.fetch("/v1/projects"));
  scene.api.revokeAll();

  const response = await client.fetch("/v1/projects", post);

  assertEquals([response.status, (await response.json()).body, scene.server.tokenRequests.length], [200, "a body", 2]);
  const [rejected, , replayed] = scene.sent.slice(-3).map(({ proof }) => proof!);
  assertNotEquals(rejected!.jti, replayed!.jti);
  assertNotEquals(rejected!.ath, replayed!.ath);
});

Deno.test("fetch: doesn't refresh the token after a 401 about the proof", async () => {
  await using scene = await startScene();
  // The token endpoint accepts a clock that is 300 seconds off, this API one of 60; in a browser its `Date` can't be read.
  const fetch: Fetch = async (input, init) => {
    const { body, status, headers } = await scene.fetch(input, init);
    return new Response(body, { status, headers: [...headers].filter(([name]) => name !== "date") });
  };
  const client = scene.client({ fetch, dpop: dpop({ clock: { wall: () => Date.now() - 200_000 } }) });

  assertEquals(await getStatus(client.fetch("/x")), 401);
  assertEquals([scene.verifier.faults, scene.server.tokenRequests.length], [["another time"], 1]);
});

Deno.test("fetch: makes a proof for each hop of a redirect, and none for other origins", async () => {
  await using scene = await startScene();
  const { api, verifier } = scene;
  await using stranger = serve(({ headers }) => Response.json([headers.has("dpop"), headers.has("authorization")]));
  await using gate = serve(({ headers, url }) => {
    const { pathname, searchParams } = new URL(url);
    const status = headers.has("dpop") ? Number(pathname.slice(1)) : 400;
    return new Response(null, { status, headers: { location: searchParams.get("to")! } });
  });
  const client = scene.client({ endpoint: gate.origin, allowedOrigins: [api.origin] });
  const follow = (status: number, to: string) => client.fetch(`/${status}?to=${encodeURIComponent(to)}`, post);

  for (const [status, method] of [[302, "GET"], [303, "GET"], [307, "POST"], [308, "POST"]] as const) {
    const response = await follow(status, `${api.origin}/there?page=2`);
    assertEquals([response.status, (await response.json()).method, verifier.faults], [200, method, []]);
    const hops = scene.sent.slice(-2).map(({ proof }) => [proof!.htm, proof!.htu]);
    assertEquals(hops, [["POST", `${gate.origin}/${status}`], [method, `${api.origin}/there`]]);
  }
  assertEquals(await (await follow(302, stranger.origin)).json(), [false, false]);
});

Deno.test("fetch: finds the token in the header headerKey names", async () => {
  await using scene = await startScene({ headerKey: "x-api-token", api: { nonce: "first" } });

  assertEquals(await getStatus(scene.client().fetch("/x", { headers: { "x-note": "DPoP is no token here" } })), 200);
  assertEquals(scene.sent.at(-1)!.headers.has("authorization"), false);
});

Deno.test("fetch: keeps the caller's own proof, and its own token without a proof", async () => {
  await using scene = await startScene();
  const client = scene.client();

  assertEquals(await getStatus(client.fetch("/x", { headers: { dpop: "own" } })), 401);
  assertEquals(scene.sent.at(-1)!.headers.get("dpop"), "own");
  assertEquals(await getStatus(client.fetch("/x", { headers: { authorization: "DPoP own" } })), 401);
  const { headers } = scene.sent.at(-1)!;
  assertEquals([headers.get("dpop"), headers.get("authorization")], [null, "DPoP own"]);
});

Deno.test("proof, noteNonce: make proofs for other clients", async () => {
  await using scene = await startScene({ api: { nonce: "first" } });
  const client = scene.client();
  const url = `${scene.api.origin}/v1/projects`;
  const statuses: number[] = [];

  for (let i = 0; i < 2; i++) {
    const headers = await client.authorize(new Headers());
    const { accessToken } = client.credentials!;
    headers.set("dpop", await scene.proofs.proof({ method: "GET", url, accessToken }));
    const response = await fetch(url, { headers });
    await response.text();
    scene.proofs.noteNonce(url, response.headers.get("dpop-nonce"));
    statuses.push(response.status);
  }

  const { proofs, faults } = scene.verifier;
  assertEquals([statuses, faults, new Set(proofs.map(({ jkt }) => jkt)).size], [[401, 200], ["no nonce"], 1]);
});
