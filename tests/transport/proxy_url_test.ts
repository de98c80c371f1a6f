import { assertEquals } from "@std/assert";
import { parseProxyUrl } from "../../src/transport/proxy_url.ts";

const cases = {
  "http://proxy.test:3128": { origin: "http://proxy.test:3128" },
  "http://user:p%40ss%3Aword@proxy.test:3128/": {
    origin: "http://proxy.test:3128",
    credentials: { username: "user", password: "p@ss:word" },
    authorization: "Basic dXNlcjpwQHNzOndvcmQ=",
  },
  "https://user@proxy.test": {
    origin: "https://proxy.test",
    credentials: { username: "user", password: "" },
    authorization: "Basic dXNlcjo=",
  },
  // Not encoded, as people write it.
  "http://us%er:100%@proxy.test": {
    origin: "http://proxy.test",
    credentials: { username: "us%er", password: "100%" },
    authorization: "Basic dXMlZXI6MTAwJQ==",
  },
};
for (const [url, parts] of Object.entries(cases)) {
  Deno.test(`a proxy's URL such as ${url} is taken apart`, () => assertEquals(parseProxyUrl(url), parts));
}
