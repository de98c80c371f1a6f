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

const rows: [text: string, ...fields: Fields][] = [
  ["flyte.test:id:secret:acme", "flyte.test", "id", "secret", "acme"],
  ["flyte.test:id:secret:None", "flyte.test", "id", "secret", undefined],
  ["flyte.test:id:secret:", "flyte.test", "id", "secret", undefined],
  ["flyte.test:id:secret", "flyte.test", "id", "secret", undefined],
  ["flyte.test:8089:id:secret", "flyte.test:8089", "id", "secret", undefined],
  ["dns:///flyte.test:8089:id:secret", "dns:///flyte.test:8089", "id", "secret", undefined],
  ["flyte.test:8089:id:secret:acme", "flyte.test:8089", "id", "secret", "acme"],
  ["flyte.test:8089:id:secret:", "flyte.test:8089", "id", "secret", undefined],
  ["dns:///flyte.test:id:secret:acme", "dns:///flyte.test", "id", "secret", "acme"],
  ["dns:///flyte.test:8089:id:secret:None", "dns:///flyte.test:8089", "id", "secret", undefined],
  ["dns:///flyte.test:8089:id:secret:", "dns:///flyte.test:8089", "id", "secret", undefined],
  ["https://flyte.test:443:id:secret:acme", "https://flyte.test:443", "id", "secret", "acme"],
  ["https://flyte.test/base:id:secret:acme", "https://flyte.test/base", "id", "secret", "acme"],
  ["https://flyte.test:443/base:id:secret:acme", "https://flyte.test:443/base", "id", "secret", "acme"],
  ["http://localhost:30080:id:secret:", "http://localhost:30080", "id", "secret", undefined],
  ["[::1]:8089:id:secret:acme", "[::1]:8089", "id", "secret", "acme"],
  ["dns:///[2001:db8::1]:id:secret", "dns:///[2001:db8::1]", "id", "secret", undefined],
  ["flyte.test:id:a:b::c:acme", "flyte.test", "id", "a:b::c", "acme"],
  ["flyte.test:8089:id:a:b:None", "flyte.test:8089", "id", "a:b", undefined],
  ["flyte.test:id:secret:None\n", "flyte.test", "id", "secret", undefined],
  ["flyte.test:id:secret\r\n", "flyte.test", "id", "secret", undefined],
  ["flyte.test:id:s@cret:ac@me", "flyte.test", "id", "s@cret", "ac@me"],
  ["https://flyte.test/a%40b:id:secret", "https://flyte.test/a%40b", "id", "secret", undefined],
  ["flyte.test:123456:secret:acme", "flyte.test", "123456", "secret", "acme"],
  ["flyte.test:70000:secret:acme", "flyte.test", "70000", "secret", "acme"],
  ["flyte.test:123:secret", "flyte.test", "123", "secret", undefined],
  ["flyte.test:id:sécret ✓:acme", "flyte.test", "id", "sécret ✓", "acme"],
];
for (const [text, ...fields] of rows) {
  Deno.test(`the API key of ${text} is read`, () => assertEquals(read(encodeBase64(text)), fields));
}

Deno.test("an API key survives the other alphabet, missing padding, white space and line breaks", () => {
  const text = "dns:///flyte.test:id:secret?>~\u00ff\u00fe:acme!";
  const key = encodeBase64(text);
  assert(/[+/]/.test(key) && key.endsWith("="), key);
  const urlSafe = key.replaceAll("+", "-").replaceAll("/", "_");

  for (const form of [key, `${key}\n`, ` ${key}\r\n`, key.replace(/=+$/, ""), urlSafe, urlSafe.replace(/=+$/, "")]) {
    assertEquals(read(form), read(key), form);
  }
  assertEquals(read(key.replace(/.{10}/g, "$&\n")), read(key));
});

const wrong: Record<string, unknown> = {
  "nothing": "",
  "undefined": undefined,
  "a number": 7,
  "no base64": "!!!!",
  "base64 of bytes": encodeBase64(new Uint8Array([0xff, 0xfe, 0x3a])),
  "a text that isn't encoded": `flyte.test:id:${planted.secret}:acme`,
  "one field": encodeBase64("flyte.test"),
  "two fields": encodeBase64("flyte.test:a-secret-alone"),
  "an empty endpoint": encodeBase64(`:id:${planted.secret}:acme`),
  "an empty client id": encodeBase64(`flyte.test::${planted.secret}:acme`),
  "an empty secret": encodeBase64("flyte.test:id::acme"),
  "a user before the endpoint": encodeBase64(`https://me@flyte.test:id:${planted.secret}:acme`),
  "a password before the endpoint": encodeBase64(`https://me:${planted.token}@flyte.test:id:secret:acme`),
  "a password without a scheme": encodeBase64(`me:${planted.token}@flyte.test:id:secret`),
  "an endpoint that is none": encodeBase64(`fly te.test:id:${planted.secret}:acme`),
};
for (const [what, key] of Object.entries(wrong)) {
  Deno.test(`${what} is no API key, and isn't shown`, () => {
    const error = assertThrows(
      () => parseFlyteApiKey(key as string),
      TypeError,
      "endpoint:client_id:client_secret:org",
    );
    assertNothingShows(error);
    if (typeof key === "string" && key !== "") assertFalse(error.message.includes(key));
    assertFalse("cause" in error);
  });
}

Deno.test("an API key is printed without its secret", () => {
  const key = parseFlyteApiKey(encodeBase64(`flyte.test:id:${planted.secret}:acme`));

  assertEquals(key.clientSecret, planted.secret);
  assertNothingShows(key);
  const copies = { spread: { ...key }, clone: structuredClone({ ...key }) };
  assertNothingShows(copies);
  assertFalse(Deno.inspect(key, { getters: true }).includes(planted.secret));
  assertEquals(JSON.parse(JSON.stringify(key)), {
    endpoint: "flyte.test",
    clientId: "id",
    clientSecret: "[redacted]",
    org: "acme",
  });
});

Deno.test("where a number may be a port or a client id, what may be the secret isn't printed", () => {
  const key = parseFlyteApiKey(encodeBase64(`flyte.test:12345:${planted.token}:acme`));

  assertEquals([key.endpoint, key.clientId, key.clientSecret], ["flyte.test:12345", planted.token, "acme"]);
  assertFalse((Deno.inspect(key) + JSON.stringify(key)).includes(planted.token));
});

const word = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !/:|[\r\n]$/.test(text));
const clientId = word.filter((text) => !/@|^\d{1,5}(\/.*)?$/s.test(text));
const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6().filter((ip) => !ip.includes(".")).map((ip) => `[${ip}]`));
const endpoint = fc.tuple(
  fc.constantFrom("", "dns:///", "https://", "http://"),
  host,
  fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
).map(([scheme, host, port]) => scheme + host + (port === undefined ? "" : `:${port}`));

Deno.test("whatever the endpoint, and whatever colons the secret holds, a key with an organisation is read back", () => {
  const secret = fc.string({ minLength: 1, unit: "grapheme" });
  const org = word.filter((text) => text !== "None");
  fc.assert(fc.property(endpoint, clientId, secret, org, (...fields) => {
    assertEquals(read(encodeBase64(fields.join(":"))), fields);
  }));
});

Deno.test("whatever the endpoint, a key without an organisation is read back", () => {
  fc.assert(fc.property(endpoint, clientId, word, (...fields) => {
    const end = /:\d+$/.test(fields[0].replace(/\[.*\]/, "")) ? ":" : "";
    assertEquals(read(encodeBase64(fields.join(":") + end)), [...fields, undefined]);
  }));
});

Deno.test("any text is a key or a TypeError that shows nothing of it", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.string().map((text) => encodeBase64(text))), (text) => {
    try {
      const { clientSecret } = parseFlyteApiKey(text);
      assert(clientSecret !== "");
    } catch (error) {
      assert(error instanceof TypeError);
      assertEquals(error.message, assertThrows(() => parseFlyteApiKey(""), TypeError).message);
    }
  }));
});
