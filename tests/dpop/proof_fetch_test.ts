import { assert, assertEquals, assertRejects } from "@std/assert";
import { dpop, type Fetch } from "@m2m/authenticator/dpop";
import { decodeJwt } from "jose";

const url = "https://api.example.com/x";
const ath = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
const token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

/** Sends one request, and tells what its proof says. */
async function claimsOf(
  input: string | URL | Request,
  init?: RequestInit,
  over: (fetch: Fetch) => Fetch = (fetch) => dpop().apiFetch(fetch),
) {
  let proof: string | null = null;
  await over((input, init) => {
    proof = new Headers(init?.headers ?? (input as Request).headers).get("dpop");
    return Promise.resolve(new Response());
  })(input, init);
  return proof === null ? undefined : decodeJwt(proof);
}

const headersWithToken: Readonly<Record<string, HeadersInit>> = {
  "a record": { authorization: `DPoP ${token}` },
  "a record in capitals": { AUTHORIZATION: `dpop ${token}` },
  "pairs": [["x-own", "1"], ["Authorization", `DPoP ${token}`]],
  "Headers": new Headers({ authorization: `DPoP  ${token}` }),
  "authorization and another header": { "a-note": "DPoP other", authorization: `DPoP ${token}` },
};

for (const [name, headers] of Object.entries(headersWithToken)) {
  Deno.test(`the token is found in ${name}, on a Request, too`, async () => {
    assertEquals((await claimsOf(url, { headers }))?.ath, ath);
    assertEquals((await claimsOf(new Request(url, { headers })))?.ath, ath);
    assertEquals(
      (await claimsOf(new Request(url, { headers: { authorization: "DPoP other" } }), { headers }))?.ath,
      ath,
    );
  });
}

Deno.test("the token is looked for in the header that is named, and in no other", async () => {
  const inHeader = (headerKey?: string) => (fetch: Fetch) => dpop().apiFetch(fetch, headerKey);
  const own = { authorization: "Basic YTpi", "x-api-token": `DPoP ${token}`, "a-note": "DPoP other" };
  const others = { authorization: `DPoP ${token}`, "x-note": "DPoP other" };

  assertEquals((await claimsOf(url, { headers: own }, inHeader("x-api-token")))?.ath, ath);
  assertEquals((await claimsOf(new Request(url, { headers: own }), {}, inHeader("x-api-token")))?.ath, ath);
  assertEquals(await claimsOf(url, { headers: own }, inHeader()), undefined);
  assertEquals(await claimsOf(url, { headers: others }, inHeader("x-api-token")), undefined);
  assertEquals((await claimsOf(url, { headers: others }, inHeader()))?.ath, ath);
});

Deno.test("a request without such a token gets no proof, but at a token endpoint", async () => {
  for (const authorization of [`Bearer ${token}`, "Basic YTpi", "DPoP", "DPoP a sentence", `XDPoP ${token}`]) {
    assertEquals(await claimsOf(url, { headers: { authorization } }), undefined);
    const init = { headers: { authorization }, method: "POST" };
    const claims = await claimsOf(url, init, (fetch) => dpop().tokenFetch(fetch));
    assertEquals([claims?.htm, claims?.htu, claims?.ath], ["POST", url, undefined]);
  }
});

Deno.test("a nonce is the origin's that answered, whoever was asked", async () => {
  const proofs = dpop();
  const nonceAt = async (url: string) => decodeJwt(await proofs.proof({ method: "GET", url })).nonce;
  const answer = (at: string, redirected: boolean) => () => {
    const response = new Response(null, { headers: { "dpop-nonce": `from ${at}`.replace(" ", "-") } });
    return Promise.resolve(
      Object.defineProperties(response, { url: { value: at }, redirected: { value: redirected } }),
    );
  };
  const init = { headers: { authorization: `DPoP ${token}` } };

  // Where a browser was led to, by a redirect that it follows itself.
  await proofs.apiFetch(answer("https://files.example.com/x", true))(url, init);
  assertEquals([await nonceAt("https://files.example.com"), await nonceAt(url)], [
    "from-https://files.example.com/x",
    undefined,
  ]);

  // A fetch that goes by another way than it was told: the origin is as it was meant.
  await proofs.apiFetch(answer("http://127.0.0.1:8080/x", false))(url, init);
  assertEquals([await nonceAt("http://127.0.0.1:8080"), await nonceAt(url)], [
    undefined,
    "from-http://127.0.0.1:8080/x",
  ]);
});

Deno.test("a nonce is learned from every answer, whatever its status, and whatever was sent", async () => {
  const proofs = dpop();
  for (const [status, headers] of [[200, {}], [404, {}], [503, { authorization: `DPoP ${token}` }]] as const) {
    const fetch = () => Promise.resolve(new Response(null, { status, headers: { "dpop-nonce": `of-${status}` } }));
    for (const by of [proofs.apiFetch(fetch), proofs.tokenFetch(fetch)]) await by(url, { headers });

    assertEquals(decodeJwt(await proofs.proof({ method: "GET", url })).nonce, `of-${status}`);
  }
});

Deno.test("calls at the same time may each be given a nonce of their own", async () => {
  const proofs = dpop();
  const outstanding = new Set<unknown>();
  let refused = 0;
  const fetch = (_: unknown, init?: RequestInit) => {
    if (outstanding.delete(decodeJwt(new Headers(init?.headers).get("dpop")!).nonce)) {
      return Promise.resolve(new Response());
    }
    const nonce = `nonce-${++refused}`;
    outstanding.add(nonce);
    const headers = { "www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": nonce };
    return Promise.resolve(new Response(null, { status: 401, headers }));
  };

  const calls = Array.from({ length: 10 }, () => {
    return proofs.apiFetch(fetch)(url, { headers: { authorization: `DPoP ${token}` } });
  });

  assertEquals((await Promise.all(calls)).map(({ status }) => status), Array(10).fill(200));
  assertEquals(refused, 10);
});

Deno.test("an API that wants a nonce and gives none, or none other, isn't asked again", async () => {
  for (const given of [undefined, "first", "not a nonce"]) {
    const proofs = dpop();
    if (given === "first") proofs.noteNonce(url, given);
    let calls = 0;
    const fetch = () => {
      calls++;
      const nonce = given === undefined ? undefined : { "dpop-nonce": given };
      const headers = { "www-authenticate": 'DPoP error="use_dpop_nonce"', ...nonce };
      return Promise.resolve(new Response("refused", { status: 401, headers }));
    };
    const response = await proofs.apiFetch(fetch)(url, { headers: { authorization: `DPoP ${token}` } });

    assertEquals([response.status, await response.text(), calls], [401, "refused", 1]);
  }
});

Deno.test("a challenge is about the proof only where the request carried a token that takes one", async () => {
  const proofs = dpop({ allowBearer: true });
  const answer = () =>
    new Response(null, { status: 401, headers: { "www-authenticate": 'DPoP error="use_dpop_nonce"' } });
  const by = proofs.apiFetch(() => Promise.resolve(answer()), "x-api-token");
  const asked: readonly [HeadersInit, boolean][] = [
    [{ "x-api-token": `DPoP ${token}` }, true],
    [{ "x-api-token": `DPoP ${token}`, dpop: "own" }, true],
    [{ "x-api-token": `Bearer ${token}` }, false],
    [{ "x-api-token": `Bearer ${token}`, dpop: "own" }, false],
    [{ authorization: `DPoP ${token}` }, false],
    [{}, false],
  ];

  for (const [headers, expected] of asked) {
    const response = await by(url, { headers });
    assertEquals([headers, proofs.isAboutProof(response)], [headers, expected]);
  }
  // What was sent by something else, with a proof made by hand.
  assert(proofs.isAboutProof(answer()));
});

Deno.test("an abort ends the wait for a key that doesn't come, and nothing is sent", async () => {
  const reason = new Error("enough");
  for (const way of ["apiFetch", "tokenFetch"] as const) {
    const proofs = dpop({ keyPair: () => new Promise<CryptoKeyPair>(() => {}) });
    let sent = 0;
    const by = proofs[way](() => Promise.resolve(new Response(String(++sent))));
    const inputs: ((signal: AbortSignal) => [string | Request, RequestInit?])[] = [
      (signal) => [url, { headers: { authorization: `DPoP ${token}` }, signal }],
      (signal) => [new Request(url, { headers: { authorization: `DPoP ${token}` }, signal })],
    ];
    for (const make of inputs) {
      const controller = new AbortController();
      const outcome = by(...make(controller.signal)).catch((error) => error);
      await new Promise((resolve) => setTimeout(resolve));
      controller.abort(reason);
      assertEquals([await outcome, sent], [reason, 0]);
      assertEquals([await by(...make(AbortSignal.abort(reason))).catch((error) => error), sent], [reason, 0]);
    }
  }
});

Deno.test("a Request's body is read up, as by fetch, and a body that was kept is let go", async () => {
  const proofs = dpop();
  const bodies: string[] = [];
  const fetch = async (input: string | URL | Request) => {
    bodies.push(await (input as Request).text());
    return new Response();
  };
  let cancelled = false;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("x")),
    cancel: () => void (cancelled = true),
  });
  const headers = { authorization: `DPoP ${token}` };

  for (const by of [proofs.apiFetch(fetch), proofs.tokenFetch(fetch)]) {
    const request = new Request(url, { method: "POST", body: "a body", headers });
    await by(request);
    assertEquals([bodies.pop(), request.bodyUsed], ["a body", true]);
  }

  const endless = new Request(url, { method: "POST", body, headers });
  const failing = (input: string | URL | Request) => {
    // Not awaited: the stream underneath is done with once both have let go of it.
    void (input as Request).body?.cancel();
    return Promise.reject(new TypeError("the network is gone"));
  };
  await assertRejects(() => proofs.apiFetch(failing)(endless), TypeError, "the network is gone");
  await new Promise((resolve) => setTimeout(resolve));
  assert(cancelled);
});

Deno.test("what the caller does to his headers afterwards, or a fetch to those it gets, changes nothing", async () => {
  const proofs = dpop();
  const seen: (string | null)[] = [];
  const headers = new Headers({ authorization: `DPoP ${token}`, "x-own": "1" });
  const fetch = (_: unknown, init?: RequestInit) => {
    const given = init?.headers as Headers;
    seen.push(given.get("x-own"));
    given.delete("x-own");
    const answer = { "www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": "first" };
    return Promise.resolve(new Response(null, { status: 401, headers: answer }));
  };

  const sent = proofs.apiFetch(fetch)(url, { headers });
  headers.delete("x-own");
  await sent;

  assertEquals([seen, headers.has("dpop")], [["1", "1"], false]);
});
