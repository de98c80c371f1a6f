/** Keys that rotate, at a server that believes a client's `jwks_uri` for a minute. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ClientCredentialsAuthenticator, getToken, StaticClientConfigStore } from "@m2m/authenticator";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { type IdentifiedKey, type RotatingKey, rotatingKeys } from "@m2m/authenticator/client-auth/rotating-keys";
import { decodeProtectedHeader } from "jose";
import { serve } from "../servers/loopback.ts";
import { assertHides } from "./showing.ts";
import { startPlace } from "./place.ts";
import { testKey } from "./signing_keys.ts";

const [old, young] = await Promise.all(["old", "young"].map(async (kid) => {
  const { pem, publicJwk, cryptoKey } = await testKey("ES256", kid);
  return { pem, published: { ...publicJwk, kid }, key: { key: pem, kid } as IdentifiedKey, cryptoKey, kid };
}));
const signer = (kid: string, { cryptoKey }: { cryptoKey: CryptoKey }) => ({
  ...{ alg: "ES256", kid } as const,
  sign: (data: BufferSource) => crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, cryptoKey, data),
});

/** Sets the process's clock ahead: the server keeps its time by it. */
function setAhead() {
  const { now } = Date;
  let ahead = 0;
  Date.now = () => now() + ahead;
  return { pass: (ms: number) => ahead += ms, [Symbol.dispose]: () => void (Date.now = now) };
}

/**
 * What is published before each refresh, whether a minute has passed and another instance signs by the young key, and the
 * kids that this one then sends: a key that was accepted signs twice, for the assertion may have been used up. The server looks again when no key fits, but not within a minute of the last look.
 */
type Steps = readonly (readonly [published: string, other: boolean, sent: string])[];
const later: Steps = [["old young", false, "old"], ["young", true, "old old young"], ["young", false, "young"]];
const rotations: Readonly<Record<string, readonly [keys: readonly RotatingKey[], Steps]>> = {
  "the current one first": [[old!.key, young!.key], [["old", false, "old"], ...later]],
  "looked up": [[() => old!.key, () => Promise.resolve(young!.key)], [["old", false, "old"], ...later]],
  "signers": [[signer("old", old!), signer("young", young!)], [["old", false, "old"], ...later]],
  "the next one first": [[young!.key, old!.key], [["old", false, "young old"], ...later]],
};
for (const [what, [keys, steps]] of Object.entries(rotations)) {
  Deno.test(`rotatingKeys: no call fails while oidc-provider reads the jwks_uri: ${what}`, async () => {
    using clock = setAhead();
    let published = "";
    await using jwks = serve(() =>
      Response.json({ keys: published.split(" ").map((kid) => (kid === "old" ? old : young)!.published) })
    );
    const method = { token_endpoint_auth_method: "private_key_jwt", jwks_uri: jwks.origin };
    await using place = await startPlace({ clients: [{ client_id: "id", ...method }] });
    const { issuer, tokenEndpoint, tokenRequests } = place.server;
    await using authenticator = new ClientCredentialsAuthenticator({
      ...{ endpoint: place.api.origin, clientId: "id", clientAuth: privateKeyJwt(rotatingKeys(keys)) },
      configStore: new StaticClientConfigStore({ issuer, tokenEndpoint, scopes: ["api:read"] }),
    });
    for (const [now, other, sent] of steps) {
      published = now;
      if (other) {
        clock.pass(61_000);
        await getToken(tokenEndpoint, { clientId: "id", clientAuth: privateKeyJwt(young!.key), issuer });
      }
      const count = tokenRequests.length;
      await authenticator.refreshCredentials();
      const response = await authenticator.fetch("/");
      assertEquals([response.status, (await response.text()).length > 0], [200, true]);
      const kids = tokenRequests.slice(count).map(({ parameters }) =>
        decodeProtectedHeader(String(parameters.client_assertion)).kid
      );
      assertEquals(kids.join(" "), sent);
    }
  });
}

/** An attempt after one in which a key was refused. */
const after = (...refused: unknown[]) => ({
  isRefused: (given: unknown) => Promise.resolve(refused.includes((given as IdentifiedKey).kid)),
});

Deno.test("rotatingKeys: keeps the next key where the refusal was about it, or it is accepted", async () => {
  const keys = rotatingKeys([old!.key, young!.key]);
  const kid = async (...attempt: Parameters<typeof keys>) => (await keys(...attempt) as IdentifiedKey).kid;
  assertEquals([await kid(), await kid({ ...after("old"), isUncertain: true }), await kid()], ["old", "young", "old"]);
  const uncertain = await keys({ ...after("old"), isUncertain: true });
  keys.accepted(uncertain);
  assertEquals([await kid(), await kid(after("young")), await kid()], ["young", "old", "old"]);
  // There is no other.
  assertEquals(await kid(after("old", "young")), "young");
});

Deno.test("rotatingKeys: skips a key that can't be looked up, and refuses what is no list, or has a kid twice", async () => {
  const gone = () => Promise.reject(new Error("the vault is sealed"));
  assertEquals((await rotatingKeys([gone, young!.key])() as IdentifiedKey).kid, "young");
  await assertRejects(() => rotatingKeys([gone, gone])(), Error, "the vault is sealed");
  for (const keys of [undefined, [], old!.pem]) assertThrows(() => rotatingKeys(keys as []), TypeError, "keys must be");
  const { privateJwk } = await testKey("ES256");
  const twice = [{ key: old!.pem, kid: privateJwk.kid }, privateJwk as JsonWebKey];
  assertThrows(() => rotatingKeys(twice), TypeError, "different kids");
  // A wrong key shows when the program starts.
  const wrong = assertThrows(() => privateKeyJwt(rotatingKeys([old!.key, { key: "/a/path" }])), TypeError, "a file");
  assertHides([wrong, rotatingKeys([old!.key])], (await testKey("ES256", "old")).secrets);
});
