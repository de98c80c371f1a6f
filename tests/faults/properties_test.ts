import { decodeBase64 } from "@std/encoding/base64";
import { encodeBase64Url } from "@std/encoding/base64url";
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
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
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
});

/** Times as clocks tell them, in milliseconds. */
const moments = fc.integer({ min: 0, max: 4_102_444_800_000 });

Deno.test("any expires_in is a lifetime above zero and within ten years, or says nothing", () => {
  const texts = fc.oneof(fc.string(), fc.stringMatching(/^ *[-+]?\d*[.,e]?\d* *$/), fc.double().map(String));
  fc.assert(fc.property(fc.oneof(anything, texts, fc.double(), fc.jsonValue()), (value) => {
    const lifetime = parseExpiresIn(value);
    assert(lifetime === undefined || lifetime > 0 && lifetime <= tenYears, `${lifetime}`);
  }));
});

Deno.test("an expires_in of whole seconds is that long, as a number or as a string", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: tenYears / 1_000 }), (seconds) => {
    assertEquals(parseExpiresIn(seconds), seconds * 1_000);
    assertEquals(parseExpiresIn(String(seconds)), seconds * 1_000);
  }));
});

Deno.test("any text for a JWT has a lifetime above zero and within ten years, or none", () => {
  const claims = fc.oneof(
    fc.jsonValue(),
    fc.record({ exp: fc.oneof(fc.double(), fc.jsonValue()), iat: fc.oneof(fc.double(), fc.jsonValue()) }),
  );
  const token = fc.oneof(
    fc.string(),
    claims.map((value) => jwt(value)),
    fc.base64String().map((text) => `a.${text}.b`),
  );
  fc.assert(fc.property(token, moments, (text, now) => {
    const lifetime = jwtLifetime(text, now);
    assert(lifetime === undefined || lifetime > 0 && lifetime <= tenYears, `${lifetime}`);
  }));
});

Deno.test("a JWT lives no longer than from iat to exp, and no longer than until exp, whatever our clock says", () => {
  fc.assert(fc.property(
    moments,
    fc.integer({ min: 1, max: 1_000_000 }),
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
    (now, seconds, skew) => {
      const iat = Math.floor(now / 1_000) + skew;
      const lifetime = jwtLifetime(jwt({ iat, exp: iat + seconds }), now);
      assert(lifetime !== undefined && lifetime > 0);
      assert(lifetime <= seconds * 1_000);
      const left = (iat + seconds) * 1_000 - now;
      if (left > 0) assert(lifetime <= left);
    },
  ));
});

Deno.test("any Retry-After is a finite time of zero or more, or says nothing", () => {
  const texts = fc.oneof(
    fc.string(),
    fc.stringMatching(/^\d+$/),
    fc.nat().map((count) => "9".repeat(count % 1_000)),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    fc.array(fc.constantFrom("Mon", ",", " ", "1", "Jan", "2026", ":", "00", "GMT", "-")).map((parts) =>
      parts.join("")
    ),
  );
  fc.assert(fc.property(fc.option(texts), moments, (text, now) => {
    const wait = parseRetryAfter(text, now);
    assert(wait === undefined || Number.isFinite(wait) && wait >= 0, `${wait}`);
  }));
});

Deno.test("a Retry-After in seconds, or as an HTTP date, is that long", () => {
  fc.assert(fc.property(moments, fc.integer({ min: -100_000, max: 100_000 }), (now, seconds) => {
    const then = now - now % 1_000 + seconds * 1_000;
    assertEquals(parseRetryAfter(new Date(then).toUTCString(), now), Math.max(0, then - now));
    if (seconds >= 0) assertEquals(parseRetryAfter(` ${seconds} `, now), seconds * 1_000);
  }));
});

Deno.test("a server that decodes a Basic header gets the id and secret that went in", () => {
  const text = fc.string({ unit: "binary", minLength: 1 });
  fc.assert(fc.property(text, text, (id, secret) => {
    const [gotId, gotSecret] = halves(getBasicAuthorizationHeader(id, secret)).map(formDecode);
    assertEquals([gotId, gotSecret], [id.toWellFormed(), secret.toWellFormed()]);

    if (id.includes(":")) {
      assertThrows(() => getBasicAuthorizationHeader(id, secret, { encoding: "raw" }), TypeError);
    } else {
      assertEquals(halves(getBasicAuthorizationHeader(id, secret, { encoding: "raw" })), [
        id.toWellFormed(),
        secret.toWellFormed(),
      ]);
    }
  }));
});

Deno.test("any scopes are either refused with a TypeError, or survive the way over the wire", () => {
  const scopes = fc.oneof(
    anything,
    fc.array(fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.stringMatching(/^[!#-[\]-~]+$/))),
  );
  fc.assert(fc.property(scopes, (value) => {
    let checked: readonly string[] | undefined;
    try {
      checked = checkScopes(value);
    } catch (error) {
      assertInstanceOf(error, TypeError);
      return;
    }
    if (!checked?.length) return;
    const body = new URLSearchParams({ scope: checked.join(" ") });
    assertEquals(new URLSearchParams(body.toString()).get("scope")?.split(" "), [...checked]);
  }));
});

Deno.test("any answer of a token endpoint is credentials fit for a header, or an error that shows nothing", async () => {
  const { sanitize } = await buildTokenRequest({
    tokenEndpoint: new URL(`https://auth.test/token?key=${planted.query}`),
    clientId: planted.clientId,
    clientAuth: clientSecretBasic(planted.secret),
    grantType: "client_credentials",
    form: {},
    signal: new AbortController().signal,
  });
  const secrets = fc.constantFrom(...Object.values(quotedSecret));
  const description = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    secrets,
    secrets.map((secret) => `is ${secret}!`),
  );
  // What a token looks like is the server's secret: it is known as one in access_token only.
  const text = fc.oneof(description, fc.constant(planted.token));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.constantFrom(null, true, false, 0, -1, 3600, "3600", 1e308, "Bearer", "", "invalid_client"),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(
        fc.oneof(fc.string(), fc.constantFrom("__proto__", "toString", "valueOf", "constructor")),
        tie("value"),
        {
          maxKeys: 3,
        },
      ),
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
  const headers = fc.dictionary(
    fc.constantFrom("content-type", "retry-after", "www-authenticate", "location", "x"),
    fc.oneof(
      fc.string(),
      fc.nat().map(String),
      fc.constantFrom(
        "application/json",
        `text/${quotedSecret["in base64"]}`,
        `${planted.tokenStart}/x`,
        `x; ${planted.token}`,
      ),
    ),
  );
  const status = fc.oneof(
    fc.constant(200),
    fc.constantFrom(201, 400, 401, 429, 500),
    fc.integer({ min: 100, max: 999 }),
  );
  let [good, bad] = [0, 0];

  fc.assert(
    fc.property(status, headers, body, moments, (status, headers, text, requestedAt) => {
      let outcome: unknown;
      try {
        outcome = parseTokenResponse({ status, headers: new Headers(headers), text }, {
          url: "https://auth.test/token",
          tokenTypes: ["Bearer"],
          requestedAt,
          now: requestedAt + 100,
          sanitize,
        });
      } catch (error) {
        outcome = error;
      }
      assertNothingShows(outcome instanceof Credentials ? { ...outcome, scope: undefined } : outcome);
      if (outcome instanceof Credentials) {
        good++;
        const { accessToken, expiresAt, tokenType, scope, refreshToken } = outcome;
        assertEquals(
          new Headers({ authorization: `Bearer ${accessToken}` }).get("authorization"),
          `Bearer ${accessToken}`,
        );
        assert(/^[!-~]+$/.test(accessToken));
        assertEquals(tokenType, "Bearer");
        assert(
          expiresAt === undefined || expiresAt > requestedAt && expiresAt <= requestedAt + 100 + tenYears,
        );
        assert(
          ["string", "undefined"].includes(typeof scope) &&
            ["string", "undefined"].includes(typeof refreshToken),
        );
      } else {
        bad++;
        assertInstanceOf(outcome, AuthenticationError);
        assert((outcome.error_description ?? "").length <= 300);
        assert(outcome.message.length < 1_000);
      }
    }),
    { numRuns: 2_000 },
  );
  assert(good > 150 && bad > 150, `${good} good, ${bad} bad`);
});

function jwt(claims: unknown): string {
  return `e30.${encodeBase64Url(JSON.stringify(claims))}.c2ln`;
}

/** As a server reads it (RFC 7617 §2): up to the first colon, and from there. */
function halves(header: string): [id: string, secret: string] {
  assert(header.startsWith("Basic "));
  const both = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
    decodeBase64(header.slice("Basic ".length)),
  );
  const colon = both.indexOf(":");
  return [both.slice(0, colon), both.slice(colon + 1)];
}

function formDecode(text: string): string {
  return decodeURIComponent(text.replaceAll("+", " "));
}
