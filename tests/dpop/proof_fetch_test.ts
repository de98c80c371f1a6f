import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { dpop, type Fetch } from "@m2m/authenticator/dpop";
import { decodeJwt } from "jose";

const url = "https://api.example.com/x";
/** The token of RFC 9449 §7.1, and its hash. */
const token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
const ath = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
const authorized = { headers: { authorization: `DPoP ${token}` } };
const ways = ["apiFetch", "tokenFetch"] as const;

/** Sends a request, and returns its proof's claims. */
async function readClaims(wrap: (fetch: Fetch) => Fetch, ...request: Parameters<Fetch>) {
  let proof: string | null = null;
  await wrap((input, init) => {
    proof = new Headers(init?.headers ?? (input as Request).headers).get("dpop");
    return Promise.resolve(new Response());
  })(...request);
  return proof === null ? undefined : decodeJwt(proof);
}

/** Answers 401 with this nonce. */
function wantNonce(nonce?: string): Promise<Response> {
  const headers = new Headers({ "www-authenticate": 'DPoP error="use_dpop_nonce"' });
  if (nonce) headers.set("dpop-nonce", nonce);
  return Promise.resolve(new Response("refused", { status: 401, headers }));
}

const own = { authorization: "Basic YTpi", "x-api-token": `DPoP ${token}`, "a-note": "DPoP other" };
const others = { authorization: `DPoP ${token}`, "x-note": "DPoP other" };
/** Headers, whether there is a token in them, and the header that has it. */
const places: readonly [name: string, headers: HeadersInit, hasToken: boolean, headerKey?: string][] = [
  ["a record", authorized.headers, true],
  ["a record in capitals", { AUTHORIZATION: `dpop ${token}` }, true],
  ["pairs", [["x-own", "1"], ["Authorization", `DPoP ${token}`]], true],
  ["Headers", new Headers({ authorization: `DPoP  ${token}` }), true],
  ["authorization after another header", { "a-note": "DPoP other", ...authorized.headers }, true],
  ["authorization before another header", others, true],
  ["the named header", own, true, "x-api-token"],
  ["another header than authorization", own, false],
  ["another header than the named one", others, false, "x-api-token"],
  ...[`Bearer ${token}`, "Basic YTpi", "DPoP", "DPoP a sentence", `XDPoP ${token}`].map((authorization) =>
    [`a header of ${authorization}`, { authorization }, false] as [string, HeadersInit, boolean]
  ),
];
for (const [name, headers, hasToken, headerKey] of places) {
  Deno.test(`apiFetch: finds ${hasToken ? "the" : "no"} token in ${name}; tokenFetch adds a proof always`, async () => {
    const other = new Request(url, { headers: { authorization: "DPoP other" } });
    for (const [input, init] of [[url, { headers }], [new Request(url, { headers })], [other, { headers }]] as const) {
      const claims = await readClaims((fetch) => dpop().apiFetch(fetch, headerKey), input, init);
      assertEquals([claims !== undefined, claims?.ath], hasToken ? [true, ath] : [false, undefined]);
    }
    const claims = await readClaims((fetch) => dpop().tokenFetch(fetch), url, { headers, method: "POST" });
    assertEquals([claims?.htm, claims?.htu, claims?.ath], ["POST", url, undefined]);
  });
}

Deno.test("apiFetch: stores the nonce for the origin that answered: a browser's redirect, not a proxy", async () => {
  const answers = [
    ["https://files.example.com/x", true, ["nonce", undefined]],
    ["http://127.0.0.1:8080/x", false, [undefined, "nonce"]],
  ] as const;
  for (const [at, redirected, nonces] of answers) {
    const proofs = dpop();
    const response = new Response(null, { headers: { "dpop-nonce": "nonce" } });
    Object.defineProperties(response, { url: { value: at }, redirected: { value: redirected } });
    await proofs.apiFetch(() => Promise.resolve(response))(url, authorized);

    const found = [at, url].map(async (url) => decodeJwt(await proofs.proof({ method: "GET", url })).nonce);
    assertEquals(await Promise.all(found), [...nonces]);
  }
});

Deno.test("apiFetch, tokenFetch: store the nonce of every response", async () => {
  const proofs = dpop();
  for (const [status, headers] of [[200, {}], [404, {}], [503, authorized.headers]] as const) {
    for (const way of ways) {
      const nonce = `${way}-${status}`;
      const fetch = () => Promise.resolve(new Response(null, { status, headers: { "dpop-nonce": nonce } }));
      await proofs[way](fetch)(url, { headers });

      assertEquals(decodeJwt(await proofs.proof({ method: "GET", url })).nonce, nonce);
    }
  }
});

Deno.test("apiFetch: concurrent calls each use the nonce they got", async () => {
  const outstanding = new Set<unknown>();
  let refused = 0;
  const fetch = dpop().apiFetch((_, init) => {
    const { nonce } = decodeJwt(new Headers(init?.headers).get("dpop")!);
    if (outstanding.delete(nonce)) return Promise.resolve(new Response());
    outstanding.add(`nonce-${++refused}`);
    return wantNonce(`nonce-${refused}`);
  });

  const responses = await Promise.all(Array.from({ length: 10 }, () => fetch(url, authorized)));

  assertEquals([responses.map(({ status }) => status), refused], [Array(10).fill(200), 10]);
});

const repetitions: [calls: number, nonces: (string | undefined)[]][] = [
  ...[undefined, "known", "not a nonce"].map((nonce): typeof repetitions[0] => [1, [nonce]]),
  [2, ["first", "second", "third"]],
];
Deno.test("apiFetch: repeats a call once, and only with another nonce", async () => {
  for (const [expected, nonces] of repetitions) {
    const proofs = dpop();
    proofs.noteNonce(url, "known");
    let calls = 0;
    const response = await proofs.apiFetch(() => wantNonce(nonces[calls++]))(url, authorized);

    assertEquals([response.status, await response.text(), calls], [401, "refused", expected]);
  }
});

const bearer = { "x-api-token": `Bearer ${token}` };
const boundToken = { "x-api-token": `DPoP ${token}` };
Deno.test("isAboutProof: is false for a request without a DPoP token", async () => {
  const proofs = dpop({ allowBearer: true });
  const fetch = proofs.apiFetch(() => wantNonce(), "x-api-token");
  for (const headers of [boundToken, { ...boundToken, dpop: "own" }]) {
    assert(proofs.isAboutProof(await fetch(url, { headers })));
  }
  for (const headers of [bearer, { ...bearer, dpop: "own" }, authorized.headers, {}]) {
    assertFalse(proofs.isAboutProof(await fetch(url, { headers })));
  }
  assert(proofs.isAboutProof(await wantNonce()), "of another client, with its own proof");
});

for (const way of ways) {
  Deno.test(`${way}: an abort ends the wait for a key, and nothing is sent`, async () => {
    const proofs = dpop({ keyPair: () => new Promise<CryptoKeyPair>(() => {}) });
    const fetch = proofs[way](() => Promise.resolve(new Response("sent")));
    for (const isRequest of [false, true]) {
      const controller = new AbortController();
      const init = { ...authorized, signal: controller.signal };
      const send = () => isRequest ? fetch(new Request(url, init)) : fetch(url, init);
      const outcome = assertRejects(send);
      await new Promise((resolve) => setTimeout(resolve));
      controller.abort(new Error("enough"));
      assertEquals([await outcome, await assertRejects(send)], Array(2).fill(controller.signal.reason));
    }
  });

  Deno.test(`${way}: reads a Request's body, as fetch does`, async () => {
    let body = "";
    const fetch = dpop()[way](async (input) => {
      body = await (input as Request).text();
      return new Response();
    });
    const request = new Request(url, { method: "POST", body: "a body", ...authorized });
    await fetch(request);
    assertEquals([body, request.bodyUsed], ["a body", true]);
  });
}

Deno.test("apiFetch: cancels the kept body of a call that failed", async () => {
  let isCancelled = false;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("x")),
    cancel: () => void (isCancelled = true),
  });
  const fetch = dpop().apiFetch((input) => {
    // Not awaited: the stream ends once both branches are cancelled.
    void (input as Request).body?.cancel();
    return Promise.reject(new TypeError("the network is gone"));
  });
  const sending = fetch(new Request(url, { method: "POST", body, ...authorized }));
  await assertRejects(() => sending, TypeError, "the network is gone");
  await new Promise((resolve) => setTimeout(resolve));
  assert(isCancelled);
});

Deno.test("apiFetch: copies the headers: later changes don't matter, the caller's stay as they are", async () => {
  const seen: (string | null)[] = [];
  const headers = new Headers({ ...authorized.headers, "x-own": "1" });
  const sending = dpop().apiFetch((_, init) => {
    const given = init?.headers as Headers;
    seen.push(given.get("x-own"));
    given.delete("x-own");
    return wantNonce("first");
  })(url, { headers });
  headers.delete("x-own");
  await sending;

  assertEquals([seen, headers.has("dpop")], [["1", "1"], false]);
});
