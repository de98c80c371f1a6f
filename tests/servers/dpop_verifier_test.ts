import { assertEquals } from "@std/assert";
import { type Dpop, dpop } from "@m2m/authenticator/dpop";
import { startScene } from "../dpop/scene.ts";

/** A call with everything right, but for what a case changes. */
interface Attempt {
  method: string;
  url: string;
  proofs: Dpop;
  token: string;
  scheme: string;
  /** What the proof is about, where that is something else. */
  about: { method?: string; url?: string; accessToken?: string };
  /** The proof itself. */
  proof?: string | undefined;
  tamper?: (proof: string) => string;
}

const later = { clock: { wall: () => Date.now() + 120_000 } };
const wrong: Readonly<Record<string, [change: (attempt: Attempt, keyPair: CryptoKeyPair) => unknown, fault: string]>> =
  {
    "another key": [(attempt) => attempt.proofs = dpop(), "another key"],
    "another path": [({ about, url }) => about.url = `${url}/y`, "another URL"],
    "another host": [({ about }) => about.url = "https://api.example.com/x", "another URL"],
    "another method": [({ about }) => about.method = "POST", "another method"],
    "another token's hash": [({ about }) => about.accessToken = "another", "another token"],
    "no hash": [({ about }) => about.accessToken = undefined!, "another token"],
    "a time to come": [(attempt, keyPair) => attempt.proofs = dpop({ keyPair, ...later }), "another time"],
    "a time gone by": [
      (attempt, keyPair) => attempt.proofs = dpop({ keyPair, clock: { wall: () => Date.now() - 120_000 } }),
      "another time",
    ],
    "no proof": [(attempt) => attempt.proof = "", "no proof"],
    "what isn't a proof": [(attempt) => attempt.proof = "a.b.c", "JWS Protected Header is invalid"],
    "a proof that was changed": [
      (attempt) => attempt.tamper = (proof) => proof.replace(/\.[^.]+$/, `.${"A".repeat(86)}`),
      "signature verification failed",
    ],
    "the scheme Bearer": [(attempt) => attempt.scheme = "Bearer", "a bound token under another scheme"],
  };

for (const [name, [change, fault]] of Object.entries(wrong)) {
  Deno.test(`DpopVerifier: refuses ${name}`, async () => {
    await using scene = await startScene();
    const keyPair = await newPair();
    const proofs = dpop({ keyPair });
    const { accessToken: token } = await scene.client({ dpop: proofs }).getCredentials();
    const attempt: Attempt = { method: "GET", url: `${scene.api.origin}/x`, proofs, token, scheme: "DPoP", about: {} };

    assertEquals([await send(attempt), scene.verifier.faults], [200, []]);
    change(attempt, keyPair);

    const status = await send(attempt);
    assertEquals([status, scene.verifier.faults], [401, [fault]]);
  });
}

Deno.test("DpopVerifier: accepts each proof once", async () => {
  await using scene = await startScene();
  const { accessToken: token } = await scene.client().getCredentials();
  const url = `${scene.api.origin}/x`;
  const { proofs } = scene;
  const proof = await proofs.proof({ method: "GET", url, accessToken: token });
  const attempt: Attempt = { method: "GET", url, proofs, token, scheme: "DPoP", about: {}, proof };

  assertEquals([await send(attempt), await send(attempt)], [200, 401]);
  assertEquals(scene.verifier.faults, ["seen before"]);
});

Deno.test("DpopVerifier: accepts a Bearer token without a proof", async () => {
  await using scene = await startScene();
  const response = await scene.client({ dpop: undefined }).fetch("/x");
  await response.body?.cancel();

  assertEquals([response.status, scene.verifier.proofs.length], [200, 0]);
});

async function send({ method, url, proofs, token, scheme, about, proof, tamper = String }: Attempt): Promise<number> {
  const made = await proofs.proof({ method, url, accessToken: token, ...about });
  const headers = new Headers({ authorization: `${scheme} ${token}`, dpop: proof ?? tamper(made) });
  if (proof === "") headers.delete("dpop");
  const response = await fetch(url, { method, headers });
  await response.body?.cancel();
  return response.status;
}

async function newPair(): Promise<CryptoKeyPair> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  return await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]) as CryptoKeyPair;
}
