import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { parseFlyteApiKey } from "@m2m/authenticator/config-store/flyte";
import { encodeBase64 } from "@std/encoding/base64";
import fc from "fast-check";
import { assertNothingShows, planted } from "../faults/planted.ts";

type Fields = [endpoint: string, clientId: string, clientSecret: string, org: string | undefined];

function read(text: string): Fields {
  const { endpoint, clientId, clientSecret, org } = parseFlyteApiKey(text);
  return [endpoint, clientId, clientSecret, org];
}

/** Endpoints, and what follows them where the organisation is absent. */
const withoutOrg: [endpoint: string, ...rest: string[]][] = [
  ["flyte.test", ":None", ":", "", ":None\n", "\r\n"],
  ["flyte.test:8089", "", ":"],
  ["dns:///flyte.test:8089", "", ":None", ":"],
  ["http://localhost:30080", ":"],
  ["dns:///[2001:db8::1]", ""],
  ["https://flyte.test/a%40b", ""],
];
const withOrg = [
  ...["flyte.test", "flyte.test:8089", "dns:///flyte.test", "https://flyte.test:443", "https://flyte.test/base"],
  ...["https://flyte.test:443/base", "[::1]:8089"],
];
const rows: [text: string, ...fields: Fields][] = [
  ...withoutOrg.flatMap(([endpoint, ...rest]) =>
    rest.map((end): typeof rows[0] => [`${endpoint}:id:secret${end}`, endpoint, "id", "secret", undefined])
  ),
  ...withOrg.map((it): typeof rows[0] => [`${it}:id:secret:acme`, it, "id", "secret", "acme"]),
  ["flyte.test:id:a:b::c:acme", "flyte.test", "id", "a:b::c", "acme"],
  ["flyte.test:8089:id:a:b:None", "flyte.test:8089", "id", "a:b", undefined],
  ["flyte.test:id:s@cret:ac@me", "flyte.test", "id", "s@cret", "ac@me"],
  ["flyte.test:123456:secret:acme", "flyte.test", "123456", "secret", "acme"],
  ["flyte.test:70000:secret:acme", "flyte.test", "70000", "secret", "acme"],
  ["flyte.test:123:secret", "flyte.test", "123", "secret", undefined],
  ["flyte.test:id:sécret ✓:acme", "flyte.test", "id", "sécret ✓", "acme"],
];
for (const [text, ...fields] of rows) {
  Deno.test(`parseFlyteApiKey: reads ${JSON.stringify(text)}`, () => assertEquals(read(encodeBase64(text)), fields));
}

Deno.test("parseFlyteApiKey: accepts base64url, missing padding, white space and line breaks", () => {
  const text = "dns:///flyte.test:id:secret?>~\u00ff\u00fe:acme!";
  const key = encodeBase64(text);
  assert(/[+/]/.test(key) && key.endsWith("="), key);
  const urlSafe = key.replaceAll("+", "-").replaceAll("/", "_");
  const unpadded = [key, urlSafe].map((it) => it.replace(/=+$/, ""));
  for (const form of [`${key}\n`, ` ${key}\r\n`, urlSafe, ...unpadded, key.replace(/.{10}/g, "$&\n")]) {
    assertEquals(read(form), read(key), form);
  }
});

const wrong: Record<string, unknown> = {
  "an empty text": "",
  "undefined": undefined,
  "a number": 7,
  "no base64": "!!!!",
  "base64 of bytes": encodeBase64(new Uint8Array([0xff, 0xfe, 0x3a])),
  "an unencoded text": `flyte.test:id:${planted.secret}:acme`,
  "one field": encodeBase64("flyte.test"),
  "two fields": encodeBase64("flyte.test:a-secret-alone"),
  "an empty endpoint": encodeBase64(`:id:${planted.secret}:acme`),
  "an empty client id": encodeBase64(`flyte.test::${planted.secret}:acme`),
  "an empty secret": encodeBase64("flyte.test:id::acme"),
  "a user before the endpoint": encodeBase64(`https://me@flyte.test:id:${planted.secret}:acme`),
  "a password before the endpoint": encodeBase64(`https://me:${planted.token}@flyte.test:id:secret:acme`),
  "a password without a scheme": encodeBase64(`me:${planted.token}@flyte.test:id:secret`),
  "a malformed endpoint": encodeBase64(`fly te.test:id:${planted.secret}:acme`),
};
for (const [what, key] of Object.entries(wrong)) {
  Deno.test(`parseFlyteApiKey: refuses ${what}, and doesn't show it`, () => {
    const error = assertThrows(() => parseFlyteApiKey(key as string), TypeError, "endpoint:client_id:");
    assertNothingShows(error);
    if (typeof key === "string" && key !== "") assertFalse(error.message.includes(key));
    assertFalse("cause" in error);
  });
}

Deno.test("parseFlyteApiKey: redacts the secret where the key is printed", () => {
  const key = parseFlyteApiKey(encodeBase64(`flyte.test:id:${planted.secret}:acme`));
  assertEquals(key.clientSecret, planted.secret);
  for (const value of [key, { ...key }, structuredClone({ ...key })]) assertNothingShows(value);
  assertFalse(Deno.inspect(key, { getters: true }).includes(planted.secret));
  const printed = { endpoint: "flyte.test", clientId: "id", clientSecret: "[redacted]", org: "acme" };
  assertEquals(JSON.parse(JSON.stringify(key)), printed);
  // The number is a port or the client id: what follows may be the secret.
  const either = parseFlyteApiKey(encodeBase64(`flyte.test:12345:${planted.token}:acme`));
  assertEquals([either.endpoint, either.clientId, either.clientSecret], ["flyte.test:12345", planted.token, "acme"]);
  assertFalse((Deno.inspect(either) + JSON.stringify(either)).includes(planted.token));
});

const word = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !/:|[\r\n]$/.test(text));
const clientId = word.filter((text) => !/@|^\d{1,5}(\/.*)?$/s.test(text));
const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6().filter((ip) => !ip.includes(".")).map((ip) => `[${ip}]`));
const port = fc.option(fc.integer({ min: 1, max: 65_535 }).map((port) => `:${port}`), { nil: "" });
const endpoint = fc.tuple(fc.constantFrom("", "dns:///", "https://", "http://"), host, port)
  .map((parts) => parts.join(""));

Deno.test("parseFlyteApiKey: reads any endpoint, and with an organisation any colons in the secret", () => {
  const secret = fc.string({ minLength: 1, unit: "grapheme" });
  const org = word.filter((text) => text !== "None");
  fc.assert(fc.property(endpoint, clientId, secret, org, (...fields) => {
    assertEquals(read(encodeBase64(fields.join(":"))), fields);
  }));
  fc.assert(fc.property(endpoint, clientId, word, (...fields) => {
    const end = /:\d+$/.test(fields[0].replace(/\[.*\]/, "")) ? ":" : "";
    assertEquals(read(encodeBase64(fields.join(":") + end)), [...fields, undefined]);
  }));
});

Deno.test("parseFlyteApiKey: returns a secret for any text, or throws a TypeError without it", () => {
  const { message } = assertThrows(() => parseFlyteApiKey(""), TypeError);
  fc.assert(fc.property(fc.oneof(fc.string(), fc.string().map((text) => encodeBase64(text))), (text) => {
    try {
      assert(parseFlyteApiKey(text).clientSecret !== "");
    } catch (error) {
      assert(error instanceof TypeError);
      assertEquals(error.message, message);
    }
  }));
});
