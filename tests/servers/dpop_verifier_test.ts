import { assertEquals } from "@std/assert";
import { dpop } from "@m2m/authenticator/dpop";
import { startScene } from "../dpop/scene.ts";
import { call } from "./loopback.ts";

const minutes = (count: number) => ({ clock: { wall: () => Date.now() + count * 60_000 } });

Deno.test("DpopVerifier: accepts a right proof once, and no other", async () => {
  await using scene = await startScene();
  const keyPair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const proofs = dpop({ keyPair });
  const { accessToken } = await scene.client({ dpop: proofs }).getCredentials();
  const url = `${scene.api.origin}/x`;
  const right = { method: "GET", url, accessToken };
  const used = await proofs.proof(right);
  const send = (headers: Record<string, string>) => call({ fetch }, url, { headers });
  const cases: [what: string, proof: string | undefined, fault?: string][] = [
    ["right", used],
    ["used", used, "seen before"],
    ["of another key", await dpop().proof(right), "another key"],
    ["for another path", await proofs.proof({ ...right, url: `${url}/y` }), "another URL"],
    ["for another host", await proofs.proof({ ...right, url: "https://api.example.com/x" }), "another URL"],
    ["for another method", await proofs.proof({ ...right, method: "POST" }), "another method"],
    ["for another token", await proofs.proof({ ...right, accessToken: "another" }), "another token"],
    ["for no token", await proofs.proof({ method: "GET", url }), "another token"],
    ["of a time to come", await dpop({ keyPair, ...minutes(2) }).proof(right), "another time"],
    ["of a time gone by", await dpop({ keyPair, ...minutes(-2) }).proof(right), "another time"],
    ["absent", undefined, "no proof"],
    ["no JWT", "a.b.c", "JWS Protected Header is invalid"],
    ["changed", used.replace(/\.[^.]+$/, `.${"A".repeat(86)}`), "signature verification failed"],
  ];
  for (const [what, proof, fault] of cases) {
    assertEquals(await send({ authorization: `DPoP ${accessToken}`, ...proof && { dpop: proof } }), fault ? 401 : 200);
    assertEquals(scene.verifier.faults.splice(0), fault ? [fault] : [], what);
  }
  assertEquals(await send({ authorization: `Bearer ${accessToken}`, dpop: await proofs.proof(right) }), 401);
  assertEquals(scene.verifier.faults, ["a bound token under another scheme"]);
  // A token that isn't bound needs no proof.
  const { accessToken: unbound } = await scene.client({ dpop: undefined }).getCredentials();
  assertEquals(await send({ authorization: `Bearer ${unbound}` }), 200);
});
