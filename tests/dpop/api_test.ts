import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { dpop } from "@m2m/authenticator/dpop";
import { type Scene, startScene } from "./scene.ts";

/** The proofs that went to the API. */
function apiProofs(scene: Scene) {
  return scene.sent.filter(({ url }) => url.startsWith(scene.api.origin)).map(({ proof }) => proof);
}

Deno.test("each call carries a proof of its own, about that call and its token", async () => {
  await using scene = await startScene();
  const client = scene.client();

  for (const path of ["/v1/projects?page=2#top", "/v1/projects"]) {
    const response = await client.fetch(path);
    assertEquals([response.status, (await response.json()).length], [200, 2]);
  }

  const [first, second] = scene.verifier.proofs;
  assertEquals([first!.htm, first!.htu, first!.nonce], ["GET", `${scene.api.origin}/v1/projects`, undefined]);
  assertNotEquals(first!.jti, second!.jti);
  assertEquals(scene.verifier.faults, []);
});

const bytes = new TextEncoder().encode("a body");
const form = () => {
  const form = new FormData();
  form.set("name", "Apollo");
  return form;
};

/** Inputs for which the nonce is wanted when they come: each has a body, or not, of its own kind. */
const inputs: Readonly<
  Record<string, (url: string) => [string | URL | Request, RequestInit?, (string | RegExp)?]>
> = {
  "a path": () => ["/x"],
  "a URL": (url) => [new URL(url), { method: "DELETE" }],
  "text": () => ["/x", { method: "POST", body: "a body" }, "a body"],
  "bytes": () => ["/x", { method: "PUT", body: bytes }, "a body"],
  "a blob": () => ["/x", { method: "POST", body: new Blob(["a body"]) }, "a body"],
  "parameters": () => ["/x", { method: "POST", body: new URLSearchParams({ name: "Apollo" }) }, "name=Apollo"],
  "a form": () => ["/x", { method: "POST", body: form() }, /name="name"\r\n\r\nApollo\r\n/],
  "a Request": (url) => [new Request(url, { headers: { "x-own": "1" } })],
  "a Request with text": (url) => [new Request(url, { method: "POST", body: "a body" }), {}, "a body"],
  "a Request with a form": (url) => [
    new Request(url, { method: "POST", body: form() }),
    {},
    /name="name"\r\n\r\nApollo\r\n/,
  ],
  "a Request with a stream": (url) => [
    new Request(url, { method: "POST", body: new Blob(["a body"]).stream() }),
    {},
    "a body",
  ],
  "a Request and another body": (url) => [new Request(url, { method: "POST", body: "one" }), { body: "two" }, "two"],
  "a URL and a Request": (url) => [url, new Request(url, { method: "POST", body: "a body" }), "a body"],
  "headers as a record": () => ["/x", { headers: { "x-own": "1" } }],
  "headers as pairs": () => ["/x", { headers: [["x-own", "1"]] }],
  "headers as Headers": () => ["/x", { headers: new Headers({ "x-own": "1" }) }],
};

for (const [name, make] of Object.entries(inputs)) {
  Deno.test(`a call is sent once more with the nonce the API wants, whole: ${name}`, async () => {
    await using scene = await startScene({ api: { nonce: "first" } });
    const [input, init, expected] = make(`${scene.api.origin}/x`);

    const response = await scene.client().fetch(input, init);

    assertEquals(response.status, 200);
    const { body = "" } = await response.json();
    if (expected instanceof RegExp) assert(expected.test(body), body);
    else assertEquals(body, expected ?? "");
    assertEquals(scene.verifier.faults, ["no nonce"]);
    const [first, second] = apiProofs(scene);
    assertEquals([first!.nonce, second!.nonce], [undefined, "first"]);
    assertNotEquals(first!.jti, second!.jti);
    if (name.startsWith("headers")) assertEquals(scene.sent.at(-1)!.headers.get("x-own"), "1");
    // The token did nothing wrong.
    assertEquals(scene.tokenRequests.length, 1);
  });
}

Deno.test("a stream that was sent is gone: the caller gets the 401, and the next call has the nonce", async () => {
  await using scene = await startScene({ api: { nonce: "first" } });
  const client = scene.client();
  const send = () => {
    const init = { method: "POST", body: new Blob(["a body"]).stream(), duplex: "half" };
    return client.fetch("/x", init);
  };

  const refused = await send();
  await refused.body?.cancel();
  const taken = await send();

  assertEquals([refused.status, taken.status, (await taken.json()).body], [401, 200, "a body"]);
  assertEquals(scene.tokenRequests.length, 1);
});

Deno.test("a nonce that changes is heeded, and one that came with a good answer costs nothing", async () => {
  await using scene = await startScene({ api: { nonce: "first" } });
  const client = scene.client();
  const call = async () => {
    const response = await client.fetch("/x");
    await response.body?.cancel();
    return response.status;
  };

  assertEquals([await call(), await call()], [200, 200]);
  scene.verifier.nonce = "second";
  assertEquals([await call(), await call()], [200, 200]);

  assertEquals(scene.verifier.faults, ["no nonce", "another nonce"]);
  assertEquals(apiProofs(scene).map((proof) => proof!.nonce), [
    ...[undefined, "first", "first"],
    ...["first", "second", "second"],
  ]);
});

Deno.test("nonces that are good for one request alone are taken from each answer", async () => {
  await using scene = await startScene({ api: { nonce: "first", nonceOnce: true } });
  const client = scene.client();

  for (let i = 0; i < 5; i++) {
    const response = await client.fetch("/x");
    await response.body?.cancel();
    assertEquals(response.status, 200);
  }

  assertEquals([scene.verifier.faults, scene.verifier.proofs.length], [["no nonce"], 6]);
});

Deno.test("an API that wants another nonce each time is asked twice, and its answer handed on", async () => {
  await using scene = await startScene();
  await scene.client().getCredentials();
  let calls = 0;
  const fetch = (input: string | URL | Request, init?: RequestInit) => {
    if (!String(input).startsWith(scene.api.origin)) return scene.fetch(input, init);
    const headers = { "www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": `nonce-${++calls}` };
    return Promise.resolve(new Response("refused", { status: 401, headers }));
  };

  const response = await scene.client({ fetch }).fetch("/x");

  assertEquals([response.status, await response.text(), calls], [401, "refused", 2]);
  assertEquals(scene.tokenRequests.length, 2);
});

Deno.test("both servers may want nonces", async () => {
  await using scene = await startScene({ serverNonces: true, api: { nonce: "first" } });

  const response = await scene.client().fetch("/v1/projects");
  await response.body?.cancel();

  assertEquals(response.status, 200);
  assertEquals([scene.server.tokenRequests.length, scene.verifier.proofs.length], [2, 2]);
});

Deno.test("a token that the API refuses is renewed, and the replay carries a new proof", async () => {
  await using scene = await startScene({ api: { nonce: "first" } });
  const client = scene.client();
  await (await client.fetch("/v1/projects")).body?.cancel();
  scene.api.revokeAll();

  const response = await client.fetch("/v1/projects", { method: "POST", body: "once more" });

  assertEquals([response.status, (await response.json()).body], [200, "once more"]);
  assertEquals(scene.tokenRequests.length, 2);
  assertEquals(new Set(apiProofs(scene).map((proof) => proof!.jti)).size, 4);
  assertNotEquals(apiProofs(scene).at(-1)!.ath, apiProofs(scene).at(-2)!.ath);
});

Deno.test("a 401 about the proof doesn't renew the token", async () => {
  await using scene = await startScene();
  // The token endpoint takes 300 seconds for a clock that is off, this API a minute.
  const client = scene.client({ dpop: dpop({ clock: { wall: () => Date.now() - 200_000 } }) });

  const response = await client.fetch("/x");
  await response.body?.cancel();

  assertEquals([response.status, scene.verifier.faults, scene.tokenRequests.length], [401, ["another time"], 1]);
});

Deno.test("a 401 to a Bearer token renews it, though the API would take a proof", async () => {
  await using scene = await startScene();
  let tokens = 0;
  const sent: (string | null)[] = [];
  const fetch = (input: string | URL | Request, init?: RequestInit) => {
    if (String(input) === scene.server.tokenEndpoint) {
      const access_token = `token-${++tokens}`;
      return Promise.resolve(Response.json({ access_token, token_type: "Bearer", expires_in: 600 }));
    }
    const authorization = new Headers(init?.headers).get("authorization");
    sent.push(authorization);
    const headers = { "www-authenticate": 'Bearer error="invalid_token", DPoP error="invalid_dpop_proof"' };
    const isRefused = authorization === "Bearer token-1";
    return Promise.resolve(new Response(null, isRefused ? { status: 401, headers } : { status: 200 }));
  };

  const response = await scene.client({ fetch, dpop: dpop({ allowBearer: true }) }).fetch("/x");

  assertEquals([response.status, sent], [200, ["Bearer token-1", "Bearer token-2"]]);
});

Deno.test("each hop of a redirect has a proof of its own, and other origins get none", async () => {
  await using scene = await startScene();
  const seen: Headers[] = [];
  await using stranger = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    seen.push(request.headers);
    return new Response("stranger");
  });
  await using gate = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname, searchParams } = new URL(request.url);
    seen.push(request.headers);
    const status = Number(pathname.slice(1));
    return new Response(null, { status, headers: { location: searchParams.get("to")! } });
  });
  const here = `http://127.0.0.1:${gate.addr.port}`;
  const client = scene.client({ endpoint: here, allowedOrigins: [scene.api.origin] });
  const call = (status: number, to: string, init?: RequestInit) =>
    client.fetch(`/${status}?to=${encodeURIComponent(to)}`, init);

  for (const [status, method] of [[302, "GET"], [303, "GET"], [307, "POST"], [308, "POST"]] as const) {
    const response = await call(status, `${scene.api.origin}/there?page=2`, { method: "POST", body: "a body" });
    assertEquals([response.status, (await response.json()).method], [200, method]);
    const hops = scene.sent.slice(-2).map(({ proof }) => [proof!.htm, proof!.htu]);
    assertEquals(hops, [["POST", `${here}/${status}`], [method, `${scene.api.origin}/there`]]);
  }
  assertEquals([scene.verifier.faults, seen.every((headers) => headers.has("dpop"))], [[], true]);

  const response = await call(302, `http://127.0.0.1:${stranger.addr.port}/`);
  assertEquals(await response.text(), "stranger");
  assertEquals([seen.at(-1)!.has("dpop"), seen.at(-1)!.has("authorization")], [false, false]);
});

Deno.test("origins that are allowed the token get proofs, and others neither", async () => {
  await using scene = await startScene();
  const client = scene.client({ endpoint: "https://api.example.com", allowedOrigins: [scene.api.origin] });

  const response = await client.fetch(`${scene.api.origin}/x`);
  await response.body?.cancel();
  assertEquals([response.status, scene.verifier.proofs.length], [200, 1]);

  const other = scene.client({ endpoint: "https://api.example.com" });
  const stranger = await other.fetch(`${scene.api.origin}/x`);
  await stranger.body?.cancel();
  assertEquals([stranger.status, scene.sent.at(-1)!.headers.has("dpop")], [401, false]);
});

Deno.test("the token may stand in a header of another name", async () => {
  await using scene = await startScene({ headerKey: "x-api-token", api: { nonce: "first" } });

  const response = await scene.client().fetch("/x", { headers: { "x-note": "DPoP is no token here" } });
  await response.body?.cancel();

  assertEquals([response.status, scene.sent.at(-1)!.headers.has("authorization")], [200, false]);
});

Deno.test("a proof, or a token, that the caller has put on is left as it is", async () => {
  await using scene = await startScene();
  const client = scene.client();

  const proof = await client.fetch("/x", { headers: { dpop: "own" } });
  const token = await client.fetch("/x", { headers: { authorization: "DPoP own" } });
  await Promise.all([proof, token].map((response) => response.body?.cancel()));

  assertEquals([proof.status, token.status], [401, 401]);
  const [first, second] = scene.sent.filter(({ url }) => url.endsWith("/x")).map(({ headers }) => headers);
  assertEquals([first!.get("dpop"), second!.get("dpop"), second!.get("authorization")], ["own", null, "DPoP own"]);
});

Deno.test("the proof names the method as the server sees it", async () => {
  await using scene = await startScene();
  const client = scene.client();

  for (const method of ["get", "Post", "delete", "PATCH", "patch", "M-SEARCH"]) {
    const response = await client.fetch("/x", { method });
    await response.body?.cancel();
    assertEquals([method, response.status], [method, 200]);
  }
});

Deno.test("a caller's abort ends a call between its proofs", async () => {
  await using scene = await startScene({ api: { nonce: "first" } });
  const controller = new AbortController();
  const reason = new Error("enough");
  const client = scene.client({
    fetch: async (input, init) => {
      const response = await scene.fetch(input, init);
      if (response.status === 401) controller.abort(reason);
      return response;
    },
  });

  const outcome = await client.fetch("/x", { signal: controller.signal }).catch((error) => error);

  assertEquals(outcome, reason);
  assertEquals(scene.verifier.proofs.length, 1);
});

Deno.test("for other clients there are proofs by hand", async () => {
  await using scene = await startScene({ api: { nonce: "first" } });
  const client = scene.client();
  const url = `${scene.api.origin}/v1/projects`;
  const statuses: number[] = [];

  for (let i = 0; i < 2; i++) {
    const headers = await client.authorize(new Headers());
    const { accessToken } = client.credentials!;
    headers.set("dpop", await scene.proofs.proof({ method: "GET", url, accessToken }));
    const response = await fetch(url, { headers });
    await response.body?.cancel();
    scene.proofs.noteNonce(url, response.headers.get("dpop-nonce"));
    statuses.push(response.status);
  }

  assertEquals([statuses, scene.verifier.faults], [[401, 200], ["no nonce"]]);
});
