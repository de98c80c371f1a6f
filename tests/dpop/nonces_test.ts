import { assertEquals } from "@std/assert";
import { Nonces } from "../../src/dpop/nonces.ts";

Deno.test("Nonces: keeps the last nonce of each origin", () => {
  const nonces = new Nonces();
  nonces.note("https://a.example.com/x", "one");
  nonces.note("https://a.example.com/y", "two");
  nonces.note(new URL("https://a.example.com:8443/"), "three");

  const urls = ["https://a.example.com/z?q=1", "https://a.example.com:8443/z", "http://a.example.com"];
  assertEquals(urls.map((url) => nonces.get(url)), ["two", "three", undefined]);
});

Deno.test("Nonces: ignores invalid nonces (RFC 9449 §8.1)", () => {
  const nonces = new Nonces();
  nonces.note("https://a.example.com", "good");
  for (const nonce of [null, undefined, "", "a b", "one, two", 'a"b', "a\\b", "ä", "x".repeat(4097)]) {
    nonces.note("https://a.example.com", nonce);
    assertEquals(nonces.get("https://a.example.com"), "good");
  }
});

Deno.test("Nonces: keeps the thousand origins updated last", () => {
  const nonces = new Nonces();
  for (let i = 0; i < 1_000; i++) nonces.note(`https://${i}.example.com`, "nonce");
  nonces.note("https://0.example.com", "newer");
  nonces.note("https://more.example.com", "nonce");

  const known = ["0", "1", "2", "more"].map((name) => nonces.get(`https://${name}.example.com`));
  assertEquals(known, ["newer", undefined, "nonce", "nonce"]);
});
