import { assert, assertEquals, assertRejects } from "@std/assert";
import { dpop, type Fetch } from "@m2m/authenticator/dpop";
import { decodeJwt } from "jose";

const url = "https://api.example.com/x";
/** The token of RFC 9449 §7.1, and its hash. */
const token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
const ath = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
const authorized = { headers: { authorization: `DPoP ${token}` } };

/** Sends a request, and returns its proof's claims. */
async function readClaims(
  input: string | Request,
  init?: RequestInit,
  wrap = (fetch: Fetch) => dpop().apiFetch(fetch),
) {
  let proof: string | null = null;
  await wrap((input, init) => {
    proof = new Headers(init?.headers ?? (input as Request).headers).get("dpop");
    return Promise.resolve(new Response());
  })(input, init);
  return proof === null ? undefined : decodeJwt(proof);
}

/** Answers 401 with this nonce. */
function wantNonce(nonce?: string): Response {
  const headers = {
    "www-authenticate": 'DPoP error="use_dpop_nonce"',
    ...nonce !== undefined && { "dpop-nonce": nonce },
  };
  return new Response("refused", { status: 401, headers });
}

const headersWithToken: Readonly<Record<string, HeadersInit>> = {
  "a record": authorized.headers,
  "a record in capitals": { AUTHORIZATION: `dpop ${token}` },
  "pairs": [["x-own", "1"], ["Authorization", `DPoP ${token}`]],
  "Headers": new Headers({ authorization: `DPoP  ${token}` }),
  "authorization and another header": { "a-note": "DPoP other", authorization: `DPoP ${token}` },
};
for (const [name, headers] of Object.entries(headersWithToken)) {
  Deno.test(`apiFetch: finds the token in ${name}`, async () => {
    const other = new Request(url, { headers: { authorization: "DPoP other" } });
    for (const [input, init] of [[url, { headers }], [new Request(url, { headers })], [other, { headers }]] as const) {
      assertEquals((await readClaims(input, init))?.ath, ath);
    }
  });
}

Deno.test("apiFetch: finds the token in the named header only", async () => {
  const wrap = (headerKey?: string) => (fetch: Fetch) => dpop().apiFetch(fetch, headerKey);
  const own = { authorization: "Basic YTpi", "x-api-token": `DPoP ${token}`, "a-note": "DPoP other" };
  const others = { authorization: `DPoP ${token}`, "x-note": "DPoP other" };

  for (
    const [headers, headerKey, expected] of [
      [own, "x-api-token", ath],
      [own, undefined, undefined],
      [others, "x-api-token", undefined],
      [others, undefined, ath],
    ] as const
  ) {
    assertEquals((await readClaims(url, { headers }, wrap(headerKey)))?.ath, expected);
    assertEquals((await readClaims(new Request(url, { headers }), {}, wrap(headerKey)))?.ath, expected);
  }
});

Deno.test("apiFetch: adds no proof without a DPoP token; tokenFetch always does", async () => {
  for (const authorization of [`Bearer ${token}`, "Basic YTpi", "DPoP", "DPoP a sentence", `XDPoP ${token}`]) {
    const init = { headers: { authorization }, method: "POST" };
    assertEquals(await readClaims(url, init), undefined);
    const claims = await readClaims(url, init, (fetch) => dpop().tokenFetch(fetch));
    assertEquals([claims?.htm, claims?.htu, claims?.ath], ["POST", url, undefined]);
  }
});

const answers = [
  ["a browser's redirect", "https://files.example.com/x", true, ["nonce", undefined]],
  ["a proxy", "http://127.0.0.1:8080/x", false, [undefined, "nonce"]],
] as const;
for (const [name, at, redirected, nonces] of answers) {
  Deno.test(`apiFetch: stores the nonce for the origin that answered: ${name}`, async () => {
    const proofs = dpop();
    const response = new Response(null, { headers: { "dpop-nonce": "nonce" } });
    Object.defineProperties(response, { url: { value: at }, redirected: { value: redirected } });
    await proofs.apiFetch(() => Promise.resolve(response))(url, authorized);

    const found = [at, url].map(async (url) => decodeJwt(await proofs.proof({ method: "GET", url })).nonce);
    assertEquals(await Promise.all(found), [...nonces]);
  });
}

Deno.test("apiFetch, tokenFetch: store the nonce of every response", async () => {
  const proofs = dpop();
  for (const [status, headers] of [[200, {}], [404, {}], [503, authorized.headers]] as const) {
    for (const way of ["apiFetch", "tokenFetch"] as const) {
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
    return Promise.resolve(wantNonce(`nonce-${refused}`));
  });

  const responses = await Promise.all(Array.from({ length: 10 }, () => fetch(url, authorized)));

  assertEquals(responses.map(({ status }) => status), Array(10).fill(200));
  assertEquals(refused, 10);
});

Deno.test("apiFetch: doesn't repeat a call without another nonce", async () => {
  for (const given of [undefined, "first", "not a nonce"]) {
    const proofs = dpop();
    if (given === "first") proofs.noteNonce(url, given);
    let calls = 0;
    const response = await proofs.apiFetch(() => (calls++, Promise.resolve(wantNonce(given))))(url, authorized);

    assertEquals([response.status, await response.text(), calls], [401, "refused", 1]);
  }
});

Deno.test("isAboutProof: is false for a request without a DPoP token", async () => {
  const proofs = dpop({ allowBearer: true });
  const fetch = proofs.apiFetch(() => Promise.resolve(wantNonce()), "x-api-token");
  const requests: readonly [HeadersInit, boolean][] = [
    [{ "x-api-token": `DPoP ${token}` }, true],
    [{ "x-api-token": `DPoP ${token}`, dpop: "own" }, true],
    [{ "x-api-token": `Bearer ${token}` }, false],
    [{ "x-api-token": `Bearer ${token}`, dpop: "own" }, false],
    [{ authorization: `DPoP ${token}` }, false],
    [{}, false],
  ];
  for (const [headers, expected] of requests) {
    assertEquals([headers, proofs.isAboutProof(await fetch(url, { headers }))], [headers, expected]);
  }
  assert(proofs.isAboutProof(wantNonce()), "of another client, with its own proof");
});

Deno.test("apiFetch, tokenFetch: an abort ends the wait for a key, and nothing is sent", async () => {
  const reason = new Error("enough");
  for (const way of ["apiFetch", "tokenFetch"] as const) {
    const proofs = dpop({ keyPair: () => new Promise<CryptoKeyPair>(() => {}) });
    let sent = 0;
    const fetch = proofs[way](() => Promise.resolve(new Response(String(++sent))));
    const sendings = [
      (signal: AbortSignal) => fetch(url, { ...authorized, signal }),
      (signal: AbortSignal) => fetch(new Request(url, { ...authorized, signal })),
    ];
    for (const send of sendings) {
      const controller = new AbortController();
      const outcome = send(controller.signal).catch((error) => error);
      await new Promise((resolve) => setTimeout(resolve));
      controller.abort(reason);
      assertEquals([await outcome, sent], [reason, 0]);
      assertEquals([await send(AbortSignal.abort(reason)).catch((error) => error), sent], [reason, 0]);
    }
  }
});

Deno.test("apiFetch, tokenFetch: read a Request's body, as fetch does", async () => {
  for (const way of ["apiFetch", "tokenFetch"] as const) {
    let body = "";
    const fetch = dpop()[way](async (input) => {
      body = await (input as Request).text();
      return new Response();
    });
    const request = new Request(url, { method: "POST", body: "a body", ...authorized });
    await fetch(request);
    assertEquals([body, request.bodyUsed], ["a body", true]);
  }
});

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
    return Promise.resolve(wantNonce("first"));
  })(url, { headers });
  headers.delete("x-own");
  await sending;

  assertEquals([seen, headers.has("dpop")], [["1", "1"], false]);
});
