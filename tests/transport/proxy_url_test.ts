import { assertEquals } from "@std/assert";
import { parseProxyUrl } from "../../src/transport/proxy_url.ts";

const cases: Readonly<Record<string, readonly [origin: string, username?: string, password?: string, basic?: string]>> =
  {
    "http://proxy.test:3128": ["http://proxy.test:3128"],
    "http://user:p%40ss%3Aword@proxy.test:3128/": [
      "http://proxy.test:3128",
      "user",
      "p@ss:word",
      "dXNlcjpwQHNzOndvcmQ=",
    ],
    "https://user@proxy.test": ["https://proxy.test", "user", "", "dXNlcjo="],
    // Not encoded.
    "http://us%er:100%@proxy.test": ["http://proxy.test", "us%er", "100%", "dXMlZXI6MTAwJQ=="],
  };
for (const [url, [origin, username, password, basic]] of Object.entries(cases)) {
  Deno.test(`parseProxyUrl: ${url}`, () => {
    const login = { credentials: { username, password }, authorization: `Basic ${basic}` };
    assertEquals<unknown>(parseProxyUrl(url), { origin, ...basic && login });
  });
}
