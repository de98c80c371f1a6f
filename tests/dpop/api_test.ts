import { assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { dpop } from "@m2m/authenticator/dpop";
import { serve } from "../servers/loopback.ts";
import { call, startScene, stubScene } from "./scene.ts";

Deno.test("fetch: each call has its own proof, with the method as the server gets it", async () => {
  await using scene = await startScene();
  const client = scene.client();
  for (const method of ["GET", "get", "Post", "delete", "PATCH", "patch", "M-SEARCH"]) {
    assertEquals([method, await call(client, "/v1/projects?page=2#top", { method })], [method, 200]);
  }

  const { proofs, faults } = scene.verifier;
  const { htm, htu, nonce } = proofs[0]!;
  assertEquals([htm, htu, nonce], ["GET", `${scene.api.origin}/v1/projects`, undefined]);
  assertEquals([new Set(proofs.map(({ jti }) => jti)).size, faults], [7, []]);
});

const post = (body: BodyInit = "a body") => ({ method: "POST", body });
const stream = () => new Blob(["a body"]).stream();
const form = new FormData();
form.set("name", "Apollo");
const formBody = 'name="name"\r\n\r\nApollo\r\n';
const headers = { "x-own": "1" };

/** Requests that are repeated with the API's nonce, and a part of their bodies. */
const requests: Readonly<Record<string, (url: string) => [string | URL | Request, RequestInit?, string?]>> = {
  "a path": () => ["/x"],
  "a URL": (url) => [new URL(url), { method: "DELETE" }],
  "text": () => ["/x", post(), "a body"],
  "bytes": () => ["/x", post(new TextEncoder().encode("a body")), "a body"],
  "a blob": () => ["/x", post(new Blob(["a body"])), "a body"],
  "parameters": () => ["/x", post(new URLSearchParams({ name: "Apollo" })), "name=Apollo"],
  "a form": () => ["/x", post(form), formBody],
  "a Request with headers": (url) => [new Request(url, { headers })],
  "a Request with text": (url) => [new Request(url, post()), {}, "a body"],
  "a Request with a form": (url) => [new Request(url, post(form)), {}, formBody],
  "a Request with a stream": (url) => [new Request(url, post(stream())), {}, "a body"],
  "a Request and another body": (url) => [new Request(url, post("one")), { body: "two" }, "two"],
  "a URL and a Request": (url) => [url, new Request(url, post()), "a body"],
  "headers as a record": () => ["/x", { headers }],
  "headers as pairs": () => ["/x", { headers: Object.entries(headers) }],
  "headers as Headers": () => ["/x", { headers: new Headers(headers) }],
};
for (const [name, make] of Object.entries(requests)) {
  Deno.test(`fetch: repeats a call with the API's nonce: ${name}`, async () => {
    await using scene = await startScene({ api: { nonce: "first" } });
    const [input, init, body = ""] = make(`${scene.api.origin}/x`);

    const response = await scene.client().fetch(input, init);

    assertEquals(response.status, 200);
    assertStringIncludes((await response.json()).body ?? "", body);
    const [first, second] = scene.apiProofs();
    assertEquals([scene.verifier.faults, first!.nonce, second!.nonce], [["no nonce"], undefined, "first"]);
    assertNotEquals(first!.jti, second!.jti);
    assertEquals(scene.sent.at(-1)!.headers.get("x-own"), name.includes("headers") ? "1" : null);
    assertEquals(scene.tokenRequests().length, 1, "the token wasn't rejected");
  });
}

Deno.test("fetch: returns the 401 to a stream; the next call has the nonce", async () => {
  await using scene = await startScene({ api: { nonce: "first" } });
  const client = scene.client();
  const send = () => client.fetch("/x", { ...post(stream()), duplex: "half" } as RequestInit);

  const [refused, accepted] = [await send(), await send()];
  await refused.body?.cancel();

  assertEquals([refused.status, accepted.status, (await accepted.json()).body], [401, 200, "a body"]);
  assertEquals(scene.tokenRequests().length, 1);
});

Deno.test("fetch: uses the last nonce, and follows a change of nonces", async () => {
  await using scene = await startScene({ api: { nonce: "first" } });
  const client = scene.client();

  assertEquals([await call(client, "/x"), await call(client, "/x")], [200, 200]);
  scene.verifier.nonce = "second";
  assertEquals([await call(client, "/x"), await call(client, "/x")], [200, 200]);

  assertEquals(scene.verifier.faults, ["no nonce", "another nonce"]);
  const nonces = scene.apiProofs().map((proof) => proof!.nonce);
  assertEquals(nonces, [undefined, "first", "first", "first", "second", "second"]);
});

Deno.test("fetch: returns the 401 of an API that wants another nonce each time", async () => {
  const { client, sent, stub } = stubScene("DPoP", (_, count) => {
    const headers = { "www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": `nonce-${count}` };
    return new Response("refused", { status: 401, headers });
  });

  const response = await client.fetch("/x");

  assertEquals([response.status, await response.text()], [401, "refused"]);
  assertEquals([sent.length, stub.requests.length], [2, 1]);
});

Deno.test("fetch: refreshes a rejected token, and replays the call with a new proof", async () => {
  await using scene = await startScene({ api: { nonce: "first" } });
  const client = scene.client();
  await call(client, "/v1/projects");
  scene.api.revokeAll();

  const response = await client.fetch("/v1/projects", post());

  assertEquals([response.status, (await response.json()).body, scene.tokenRequests().length], [200, "a body", 2]);
  const apiProofs = scene.apiProofs();
  assertEquals(new Set(apiProofs.map((proof) => proof!.jti)).size, 4);
  assertNotEquals(apiProofs.at(-1)!.ath, apiProofs.at(-2)!.ath);
});

Deno.test("fetch: doesn't refresh the token after a 401 about the proof", async () => {
  await using scene = await startScene();
  // The token endpoint accepts a clock that is 300 seconds off, this API one of 60.
  const client = scene.client({ dpop: dpop({ clock: { wall: () => Date.now() - 200_000 } }) });

  assertEquals(await call(client, "/x"), 401);
  assertEquals([scene.verifier.faults, scene.tokenRequests().length], [["another time"], 1]);
});

Deno.test("fetch: refreshes a rejected Bearer token, though the API accepts proofs", async () => {
  const { client, sent } = stubScene("Bearer", (headers) => {
    const challenge = 'Bearer error="invalid_token", DPoP error="invalid_dpop_proof"';
    if (headers.get("authorization") !== "Bearer token-1") return new Response();
    return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
  }, { allowBearer: true });

  assertEquals(await call(client, "/x"), 200);
  assertEquals(sent.map((headers) => headers.get("authorization")), ["Bearer token-1", "Bearer token-2"]);
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
  const follow = (status: number, to: string) => client.fetch(`/${status}?to=${encodeURIComponent(to)}`, post());

  for (const [status, method] of [[302, "GET"], [303, "GET"], [307, "POST"], [308, "POST"]] as const) {
    const response = await follow(status, `${api.origin}/there?page=2`);
    assertEquals([response.status, (await response.json()).method, verifier.faults], [200, method, []]);
    const hops = scene.sent.slice(-2).map(({ proof }) => [proof!.htm, proof!.htu]);
    assertEquals(hops, [["POST", `${gate.origin}/${status}`], [method, `${api.origin}/there`]]);
  }
  assertEquals(await (await follow(302, stranger.origin)).json(), [false, false]);
});

Deno.test("fetch: sends token and proof to allowed origins only", async () => {
  await using scene = await startScene();
  const url = `${scene.api.origin}/x`;
  const endpoint = "https://api.example.com";

  assertEquals(await call(scene.client({ endpoint, allowedOrigins: [scene.api.origin] }), url), 200);
  assertEquals(await call(scene.client({ endpoint }), url), 401);
  assertEquals([scene.verifier.proofs.length, scene.sent.at(-1)!.headers.has("dpop")], [1, false]);
});

Deno.test("fetch: finds the token in the header headerKey names", async () => {
  await using scene = await startScene({ headerKey: "x-api-token", api: { nonce: "first" } });

  assertEquals(await call(scene.client(), "/x", { headers: { "x-note": "DPoP is no token here" } }), 200);
  assertEquals(scene.sent.at(-1)!.headers.has("authorization"), false);
});

Deno.test("fetch: keeps the caller's own proof, and its own token without a proof", async () => {
  await using scene = await startScene();
  const client = scene.client();

  assertEquals(await call(client, "/x", { headers: { dpop: "own" } }), 401);
  assertEquals(scene.sent.at(-1)!.headers.get("dpop"), "own");
  assertEquals(await call(client, "/x", { headers: { authorization: "DPoP own" } }), 401);
  const { headers } = scene.sent.at(-1)!;
  assertEquals([headers.get("dpop"), headers.get("authorization")], [null, "DPoP own"]);
});

Deno.test("fetch: an abort ends a call between its proofs", async () => {
  await using scene = await startScene({ api: { nonce: "first" } });
  const controller = new AbortController();
  const client = scene.client({
    fetch: async (input, init) => {
      const response = await scene.fetch(input, init);
      if (response.status === 401) controller.abort(new Error("enough"));
      return response;
    },
  });

  const error = await assertRejects(() => client.fetch("/x", { signal: controller.signal }));

  assertEquals([error, scene.verifier.proofs.length], [controller.signal.reason, 1]);
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
