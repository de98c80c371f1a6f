/** What outcomes make of the endpoint's health, as a table. */

import { type EndpointHealth, newHealth, reduceHealth } from "../../src/refresh/health.ts";
import { assertEquals } from "@std/assert";
import { clockAt, healthWith, permanent, retry, transient } from "./policy_scene.ts";

type Health = Partial<EndpointHealth>;
type Row = [name: string, before: Health, error: unknown, after: Health, mayRepeat?: boolean];

const vault = permanent("client_auth_unavailable");
const refused = permanent("token_request_rejected");
const useless = permanent("invalid_response");
const foreign = new Error("of a fetch or store of one's own");
const [down, busy, absurd] = [transient(), transient(20_000), transient(100_000)];
const exhausted = { isExhausted: true, lastError: busy };
const three = { failures: 3 };

// With jitter in its middle a pause is three quarters of its ceiling.
const rows: Row[] = [
  [
    "a token proves the endpoint, whatever was",
    { failures: 9, notBefore: 9e9, backgroundNotBefore: 9e9, ...exhausted },
    undefined,
    { ...newHealth, isProven: true },
  ],
  [
    "the first transient failure pauses for half a second at most",
    {},
    down,
    { failures: 1, notBefore: 1_375, backgroundNotBefore: 1_375, isExhausted: false, isProven: false },
  ],
  ["the pause doubles", { failures: 2 }, down, { failures: 3, notBefore: 2_500 }],
  ["the pause reaches the longest back-off", three, down, { failures: 4, notBefore: 3_250 }],
  ["the pause never exceeds the longest back-off", { failures: 5_000 }, down, { notBefore: 3_250 }],
  ["Retry-After comes on top", {}, busy, { notBefore: 21_375, backgroundNotBefore: 21_375, isExhausted: false }],
  [
    "a longer Retry-After than callers wait counts as a whole in the background only, and fails them at once",
    {},
    absurd,
    { notBefore: 31_375, backgroundNotBefore: 101_375, isExhausted: true, lastError: absurd },
  ],
  ["the last attempt exhausts", {}, busy, exhausted, false],
  ["it stays exhausted until a token comes", { isExhausted: true }, busy, { isExhausted: true }],
  [
    "the server's refusal shows that it is well, but not whether it accepts the client",
    { failures: 3, isExhausted: true },
    refused,
    newHealth,
  ],
  ["a page is an answer that says the same", three, useless, newHealth],
  ["a vault's failure says nothing of the endpoint", three, vault, healthWith(three)],
  ["an error that isn't an AuthenticationError says nothing of the endpoint", three, foreign, healthWith(three)],
];

for (const [name, before, error, expected, mayRepeat = true] of rows) {
  Deno.test(`reduceHealth: ${name}`, () => {
    const { random } = Math;
    Math.random = () => 0.5;
    try {
      const after = reduceHealth(healthWith(before), { error, mayRepeat }, { clock: clockAt(1_000), retry });
      for (const [key, value] of Object.entries(expected)) assertEquals(after[key as keyof EndpointHealth], value, key);
    } finally {
      Math.random = random;
    }
  });
}
