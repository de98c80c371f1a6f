/**
 * How a diagnosis is written: exact output.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  type Check,
  type Diagnosis,
  formatCheck,
  formatDiagnosis,
  type FormatOptions,
  formatSummary,
} from "@m2m/authenticator/doctor";

const passed: Check = { name: "name resolution", status: "passed", seen: "auth.test is 127.0.0.1.", duration: 1 };
const failed: Check = {
  name: "client authentication",
  status: "failed",
  code: "basic_encoding",
  seen: "The server refuses the form-encoded secret (401 invalid_client), and takes it raw: 2 attempts.",
  change: 'Set basicEncoding: "raw".',
  duration: 20,
};
const warned: Check = { ...failed, status: "warned", name: "clock", seen: "3 s ahead.", change: "Set the clock." };
const skipped: Check = { name: "API", status: "skipped", seen: "No token was issued.", change: "-", duration: 0 };
const long = `https://auth.example.com/${"tenant/".repeat(8)}token`;

const table: readonly [name: string, check: Check, options: FormatOptions, lines: readonly string[]][] = [
  ["passed", passed, {}, ["✓ name resolution        auth.test is 127.0.0.1."]],
  ["failed, wrapped with its change", failed, {}, [
    "✗ client authentication  The server refuses the form-encoded secret (401",
    "                         invalid_client), and takes it raw: 2 attempts.",
    '                         → Set basicEncoding: "raw".',
  ]],
  ["warned", warned, {}, [
    "! clock                  3 s ahead.",
    "                         → Set the clock.",
  ]],
  ["skipped, without a change", skipped, {}, ["– API                    No token was issued."]],
  ["narrow", failed, { width: 40 }, [
    "✗ client authentication",
    "  The server refuses the form-encoded",
    "  secret (401 invalid_client), and takes",
    "  it raw: 2 attempts.",
    '  → Set basicEncoding: "raw".',
  ]],
  ["a name that is too long", { ...passed, name: "a name of more than its column" }, {}, [
    "✓ a name of more than its column",
    "                         auth.test is 127.0.0.1.",
  ]],
  ["a URL that is too long", { ...passed, seen: `At ${long}.` }, {}, [
    "✓ name resolution        At",
    "                         https://auth.example.com/tenant/tenant/tenant/tenant/",
    "                         tenant/tenant/tenant/tenant/token.",
  ]],
  ["control characters", { ...passed, name: "na\x1b[31mme", seen: "a\r\n\x1b]0;title\x07b\u202ec\x9b1m" }, {}, [
    "✓ na [31mme              a ]0;title b c 1m",
  ]],
  ["colors", warned, { color: true }, [
    "\x1b[33m!\x1b[39m \x1b[1mclock\x1b[22m                  3 s ahead.",
    "                         \x1b[33m→\x1b[39m Set the clock.",
  ]],
];

for (const [name, check, options, lines] of table) {
  Deno.test(`A check is written: ${name}`, () => assertEquals(formatCheck(check, options).split("\n"), lines));
}

const diagnosis: Diagnosis = {
  isFine: false,
  cause: failed,
  checks: [passed, failed, skipped],
  ruledOut: ["name resolution", "proxy"],
  tokenRequests: 2,
  runtime: "Deno/2.9.6",
};

Deno.test("A diagnosis ends with its cause, what to change and what was ruled out", () => {
  assertEquals(formatDiagnosis(diagnosis).split("\n").slice(5), [
    "",
    "✗ Cause: client authentication (basic_encoding)",
    "  The server refuses the form-encoded secret (401 invalid_client), and takes it",
    "  raw: 2 attempts.",
    '  → Set basicEncoding: "raw".',
    "",
    "Ruled out: name resolution, proxy.",
    "2 token requests with credentials were sent, on Deno/2.9.6.",
  ]);
});

Deno.test("A diagnosis without a cause says whether all is well", () => {
  const { cause: _, ...rest } = diagnosis;
  const first = (changes: Partial<Diagnosis>) => formatDiagnosis({ ...rest, checks: [], ...changes }).split("\n")[0];
  assertEquals(first({ isFine: true }), "✓ All is well: a token was issued, and the API accepted it.");
  const call = { ...warned, name: "API call" };
  assertEquals(first({ isFine: true, checks: [call] }), formatCheck(call).split("\n")[0]);
  const last = formatSummary({ ...rest, isFine: true, checks: [call] }).split("\n")[0];
  assertEquals(last, "✓ All is well, but for the remarks: a token was issued.");
  assertEquals(first({}), "! No cause was found: no check failed, but not all could be made.");
});

Deno.test("No line is wider than the terminal, and colors change no text", () => {
  for (const width of [50, 60, 80, 100]) {
    const plain = formatDiagnosis(diagnosis, { width });
    assert(plain.split("\n").every((line) => line.length <= width), plain);
    // deno-lint-ignore no-control-regex
    assertEquals(formatDiagnosis(diagnosis, { width, color: true }).replace(/\x1b\[\d+m/g, ""), plain);
  }
});
