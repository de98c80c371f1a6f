import { assertEquals } from "@std/assert";
import { parseProxyUrl } from "../../src/transport/proxy_url.ts";

const cases: [url: string, origin: string, login?: [username: string, password: string, basic: string]][] = [
  ["http://proxy.test:3128", "http://proxy.test:3128"],
  ["http://u:p%40ss%3Aw@proxy.test:3128/", "http://proxy.test:3128", ["u", "p@ss:w", "dTpwQHNzOnc="]],
  ["https://user@proxy.test", "https://proxy.test", ["user", "", "dXNlcjo="]],
  // Not encoded.
  ["http://us%er:100%@proxy.test", "http://proxy.test", ["us%er", "100%", "dXMlZXI6MTAwJQ=="]],
];
for (const [url, origin, [username, password, basic] = []] of cases) {
  Deno.test(`parseProxyUrl: ${url}`, () => {
    const login = { credentials: { username, password }, authorization: `Basic ${basic}` };
    assertEquals<unknown>(parseProxyUrl(url), { origin, ...basic && login });
  });
}
