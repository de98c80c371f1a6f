/** What outcomes make of the endpoint's health, as a table. */

import { type EndpointHealth, newHealth, reduceHealth } from "../../src/refresh/health.ts";
import { assertEquals } from "@std/assert";
import { clockAt, healthWith, permanent, retry, transient } from "./policy_scene.ts";

const vault = permanent("client_auth_unavailable");
const refused = permanent("token_request_rejected");
const foreign = new Error("of a fetch or store of one's own");

type HealthRow = {
  health?: Partial<EndpointHealth>;
  error?: unknown;
  mayRepeat?: boolean;
  is: Partial<EndpointHealth>;
};
const busy = transient(20_000);
const absurd = transient(100_000);

// With jitter in its middle a pause is three quarters of its ceiling.
const healthRows: Record<string, HealthRow> = {
  "a token proves the endpoint, whatever was": {
    health: { failures: 9, notBefore: 9e9, backgroundNotBefore: 9e9, isExhausted: true, lastError: busy },
    is: { ...newHealth, isProven: true },
  },
  "the first transient failure pauses for half a second at most": {
    error: transient(),
    is: { failures: 1, notBefore: 1_375, backgroundNotBefore: 1_375, isExhausted: false, isProven: false },
  },
  "the pause doubles": { health: { failures: 2 }, error: transient(), is: { failures: 3, notBefore: 2_500 } },
  "the pause reaches the longest back-off": {
    health: { failures: 3 },
    error: transient(),
    is: { failures: 4, notBefore: 3_250 },
  },
  "the pause never exceeds the longest back-off": {
    health: { failures: 5_000 },
    error: transient(),
    is: { notBefore: 3_250 },
  },
  "Retry-After comes on top": {
    error: busy,
    is: { notBefore: 21_375, backgroundNotBefore: 21_375, isExhausted: false },
  },
  "a longer Retry-After than callers wait counts as a whole in the background only, and fails them at once": {
    error: absurd,
    is: { notBefore: 31_375, backgroundNotBefore: 101_375, isExhausted: true, lastError: absurd },
  },
  "the last attempt exhausts": { error: busy, mayRepeat: false, is: { isExhausted: true, lastError: busy } },
  "it stays exhausted until a token comes": { health: { isExhausted: true }, error: busy, is: { isExhausted: true } },
  "the server's refusal shows that it is well, but not whether it accepts the client": {
    health: { failures: 3, isExhausted: true },
    error: refused,
    is: newHealth,
  },
  "a page is an answer that says the same": {
    health: { failures: 3 },
    error: permanent("invalid_response"),
    is: newHealth,
  },
  "a vault's failure says nothing of the endpoint": {
    health: { failures: 3 },
    error: vault,
    is: healthWith({ failures: 3 }),
  },
  "an error that isn't an AuthenticationError says nothing of the endpoint": {
    health: { failures: 3 },
    error: foreign,
    is: healthWith({ failures: 3 }),
  },
};

for (const [name, { health, error, mayRepeat = true, is }] of Object.entries(healthRows)) {
  Deno.test(`reduceHealth: ${name}`, () => {
    const random = Math.random;
    Math.random = () => 0.5;
    try {
      const after = reduceHealth(healthWith(health), { error, mayRepeat }, { clock: clockAt(1_000), retry });
      for (const [key, value] of Object.entries(is)) assertEquals(after[key as keyof EndpointHealth], value, key);
    } finally {
      Math.random = random;
    }
  });
}
