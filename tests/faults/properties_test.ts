/** What holds for any input of the functions that read what servers and callers send. */

import { decodeBase64 } from "@std/encoding/base64";
import { encodeBase64Url } from "@std/encoding/base64url";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AuthenticationError, clientSecretBasic, Credentials, getBasicAuthorizationHeader } from "../../mod.ts";
import { checkScopes } from "../../src/arguments.ts";
import { jwtLifetime, parseExpiresIn } from "../../src/token_endpoint/lifetime.ts";
import { parseRetryAfter } from "../../src/http/retry_after.ts";
import { buildTokenRequest } from "../../src/token_endpoint/request.ts";
import { parseTokenResponse } from "../../src/token_endpoint/response.ts";
import { assertNothingShows, planted, quotedSecret } from "./planted.ts";

const tenYears = 10 * 365 * 24 * 3_600_000;

/** Any value, with what breaks careless code: prototypes, keys of Object, typed arrays, bigints, dates. */
const anything = fc.anything({
  ...{ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true },
  ...{ withObjectString: true, withSparseArray: true, withTypedArray: true },
});

/** Times as clocks tell them, in milliseconds. */
const moments = fc.integer({ min: 0, max: 4_102_444_800_000 });
const binary = fc.string({ unit: "binary" });

function assertLifetime(lifetime: number | undefined): void {
  assert(lifetime === undefined || lifetime >= 0 && lifetime <= tenYears, `${lifetime}`);
}

Deno.test("parseExpiresIn: gives a lifetime within ten years for any value, or none", () => {
  const texts = fc.oneof(fc.string(), fc.stringMatching(/^ *[-+]?\d*[.,e]?\d* *$/), fc.double().map(String));
  const values = fc.oneof(anything, texts, fc.double(), fc.jsonValue());
  fc.assert(fc.property(values, (value) => assertLifetime(parseExpiresIn(value))));
});

Deno.test("jwtLifetime: gives a lifetime above zero and within ten years for any text, or none", () => {
  const number = fc.oneof(fc.double(), fc.jsonValue());
  const claims = fc.oneof(fc.jsonValue(), fc.record({ exp: number, iat: number }));
  const token = fc.oneof(fc.string(), claims.map(jwt), fc.base64String().map((text) => `a.${text}.b`));
  fc.assert(fc.property(token, moments, (text, now) => assertLifetime(jwtLifetime(text, now))));
});

Deno.test("jwtLifetime: lasts no longer than from iat to exp, nor than until exp, whatever our clock says", () => {
  const seconds = fc.integer({ min: 1, max: 1_000_000 });
  const skews = fc.integer({ min: -1_000_000, max: 1_000_000 });
  fc.assert(fc.property(moments, seconds, skews, (now, seconds, skew) => {
    const iat = Math.floor(now / 1_000) + skew;
    const lifetime = jwtLifetime(jwt({ iat, exp: iat + seconds }), now);
    const remaining = (iat + seconds) * 1_000 - now;
    const most = remaining > 0 ? Math.min(remaining, seconds * 1_000) : seconds * 1_000;
    assert(lifetime !== undefined && lifetime > 0 && lifetime <= most);
  }));
});

Deno.test("parseRetryAfter: gives a finite time of zero or more for any text, or none", () => {
  const dates = fc.date({ noInvalidDate: true });
  const parts = fc.array(fc.constantFrom("Mon", ",", " ", "1", "Jan", "2026", ":", "00", "GMT", "-"));
  const texts = fc.oneof(
    ...[fc.string(), fc.stringMatching(/^\d+$/), fc.nat().map((count) => "9".repeat(count % 1_000))],
    ...[dates.map((date) => date.toUTCString()), dates.map((date) => date.toISOString())],
    parts.map((parts) => parts.join("")),
  );
  fc.assert(fc.property(fc.option(texts), moments, (text, now) => {
    const wait = parseRetryAfter(text, now);
    assert(wait === undefined || Number.isFinite(wait) && wait >= 0, `${wait}`);
  }));
});

Deno.test("parseRetryAfter: reads seconds and HTTP dates", () => {
  fc.assert(fc.property(moments, fc.integer({ min: -100_000, max: 100_000 }), (now, seconds) => {
    const then = now - now % 1_000 + seconds * 1_000;
    assertEquals(parseRetryAfter(new Date(then).toUTCString(), now), Math.max(0, then - now));
    if (seconds >= 0) assertEquals(parseRetryAfter(` ${seconds} `, now), seconds * 1_000);
  }));
});

Deno.test("getBasicAuthorizationHeader: a server that decodes it gets the id and secret that went in", () => {
  const text = fc.string({ unit: "binary", minLength: 1 });
  fc.assert(fc.property(text, text, (id, secret) => {
    const given = [id.toWellFormed(), secret.toWellFormed()];
    assertEquals(halve(getBasicAuthorizationHeader(id, secret)).map(formDecode), given);
    const getRaw = () => getBasicAuthorizationHeader(id, secret, { encoding: "raw" });
    if (id.includes(":")) assertThrows(getRaw, TypeError);
    else assertEquals(halve(getRaw()), given);
  }));
});

Deno.test("checkScopes: refuses any scopes with a TypeError, or they arrive as they are", () => {
  const tokens = fc.array(fc.oneof(fc.string(), binary, fc.stringMatching(/^[!#-[\]-~]+$/)));
  fc.assert(fc.property(fc.oneof(anything, tokens), (value) => {
    let checked: readonly string[] | undefined;
    try {
      checked = checkScopes(value);
    } catch (error) {
      return assert(error instanceof TypeError);
    }
    if (!checked?.length) return;
    const body = new URLSearchParams({ scope: checked.join(" ") });
    assertEquals(new URLSearchParams(body.toString()).get("scope")?.split(" "), [...checked]);
  }));
});

Deno.test("parseTokenResponse: gives credentials fit for a header, or an error that shows no secret, for any answer", async () => {
  const { sanitize } = await buildTokenRequest({
    tokenEndpoint: new URL(`https://auth.test/token?key=${planted.query}`),
    clientId: planted.clientId,
    clientAuth: clientSecretBasic(planted.secret),
    grantType: "client_credentials",
    form: {},
    signal: new AbortController().signal,
  });
  const secrets = fc.constantFrom(...Object.values(quotedSecret));
  const description = fc.oneof(fc.string(), binary, secrets, secrets.map((secret) => `is ${secret}!`));
  // The shape of a token is the server's secret: it is known as one in access_token only.
  const text = fc.oneof(description, fc.constant(planted.token));
  const keys = fc.oneof(fc.string(), fc.constantFrom("__proto__", "toString", "valueOf", "constructor"));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.constantFrom(null, true, false, 0, -1, 3600, "3600", 1e308, "Bearer", "", "invalid_client"),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(keys, tie("value"), { maxKeys: 3 }),
    ),
  }));
  const field = (usual: unknown) => fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, value);
  const answer = fc.record({
    access_token: field(planted.token),
    token_type: field("Bearer"),
    expires_in: field(3600),
    scope: field("a b"),
    refresh_token: value,
    error: field(undefined),
    error_description: description,
  }, { requiredKeys: ["access_token"] });
  const body = fc.oneof(
    { weight: 6, arbitrary: answer.map((fields) => JSON.stringify(fields)) },
    { weight: 2, arbitrary: value.map((any) => JSON.stringify(any)) },
    { weight: 1, arbitrary: text },
    { weight: 1, arbitrary: fc.uint8Array().map((bytes) => new TextDecoder().decode(bytes)) },
  );
  const quotes = [`text/${quotedSecret["in base64"]}`, `${planted.tokenStart}/x`, `x; ${planted.token}`];
  const headers = fc.dictionary(
    fc.constantFrom("content-type", "retry-after", "www-authenticate", "location", "x"),
    fc.oneof(fc.string(), fc.nat().map(String), fc.constantFrom("application/json", ...quotes)),
  );
  const status = fc.oneof(
    fc.constant(200),
    fc.constantFrom(201, 400, 401, 429, 500),
    fc.integer({ min: 100, max: 999 }),
  );
  let [good, bad] = [0, 0];
  const property = fc.property(status, headers, body, moments, (status, headers, text, requestedAt) => {
    const response = { status, headers: new Headers(headers), text };
    const [url, tokenTypes] = ["https://auth.test/token", ["Bearer"]];
    let outcome: unknown;
    try {
      outcome = parseTokenResponse(response, { url, requestedAt, now: requestedAt + 100, sanitize, tokenTypes });
    } catch (error) {
      outcome = error;
    }
    assertNothingShows(outcome instanceof Credentials ? { ...outcome, scope: undefined } : outcome);
    if (outcome instanceof Credentials) {
      good++;
      const { accessToken, expiresAt, tokenType, scope, refreshToken } = outcome;
      const sent = `Bearer ${accessToken}`;
      assertEquals(new Headers({ authorization: sent }).get("authorization"), sent);
      assert(/^[!-~]+$/.test(accessToken));
      assertEquals(tokenType, "Bearer");
      assert(expiresAt === undefined || expiresAt >= requestedAt && expiresAt <= requestedAt + 100 + tenYears);
      assert([scope, refreshToken].every((text) => ["string", "undefined"].includes(typeof text)));
    } else {
      bad++;
      assert(outcome instanceof AuthenticationError);
      assert((outcome.error_description ?? "").length <= 300 && outcome.message.length < 1_000);
    }
  });
  fc.assert(property, { numRuns: 2_000 });
  assert(good > 150 && bad > 150, `${good} good, ${bad} bad`);
});

function jwt(claims: unknown): string {
  return `e30.${encodeBase64Url(JSON.stringify(claims))}.c2ln`;
}

/** Id and secret, as a server reads them (RFC 7617 §2): up to the first colon, and from there. */
function halve(header: string): [id: string, secret: string] {
  assert(header.startsWith("Basic "));
  const both = new TextDecoder("utf-8", { ignoreBOM: true }).decode(decodeBase64(header.slice("Basic ".length)));
  const colon = both.indexOf(":");
  return [both.slice(0, colon), both.slice(colon + 1)];
}

function formDecode(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}
