import { assertEquals } from "@std/assert";
import { platformUrl } from "../../src/env/platform_url.ts";

const rows: [endpoint: string, secure: string, insecure: string][] = [
  ["dns:///flyte.test", "https://flyte.test", "http://flyte.test"],
  ["dns:///flyte.test:8080", "https://flyte.test:8080", "http://flyte.test:8080"],
  ["dns://flyte.test", "https://flyte.test", "http://flyte.test"],
  ["flyte.test", "https://flyte.test", "http://flyte.test"],
  ["localhost:30080", "https://localhost:30080", "http://localhost:30080"],
  ["https://flyte.test/x", "https://flyte.test/x", "https://flyte.test/x"],
  ["http://flyte.test", "http://flyte.test", "http://flyte.test"],
];
for (const [endpoint, secure, insecure] of rows) {
  Deno.test(`platformUrl: reads ${endpoint} as ${secure}, or ${insecure} without TLS`, () => {
    assertEquals([platformUrl(endpoint), platformUrl(endpoint, true)], [secure, insecure]);
  });
}
