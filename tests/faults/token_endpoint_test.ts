/** One exchange with a token endpoint that does whatever it can. */

import { assert, assertEquals } from "@std/assert";
import { clientSecretPost, getToken, type GetTokenOptions } from "../../mod.ts";
import { type Behaviour, closedPort, startFaultServer } from "../servers/fault_server.ts";
import { assertNothingShows, planted, recordConsole } from "./planted.ts";
import { descriptions, late, network, tokenCases } from "./token_cases.ts";
import { assertEnd, type End } from "./token_end.ts";
import { until } from "../servers/loopback.ts";

for (const { name, behaviour, end, timeout = 2_000, hangsUp = false } of tokenCases) {
  Deno.test(`getToken: ends as it should with a token endpoint that ${name.slice(0, 100)}`, async () => {
    await using server = await startFaultServer();
    await using elsewhere = await startFaultServer();
    const places = { here: server.origin, elsewhere: elsewhere.origin };
    server.always(typeof behaviour === "function" ? behaviour(places) : behaviour);

    await checkEnd(server.origin, end, { timeout });

    assertEquals([server.connections, elsewhere.connections], [1, 0], "requests here and elsewhere");
    if (hangsUp) await until(() => server.hangUps === 1, 4_000);
  });
}

for (const { name, behaviour, end } of descriptions.filter(({ name }) => !name.includes("Basic"))) {
  Deno.test(`getToken: shows no secret sent by post to a token endpoint that ${name}`, async () => {
    await using server = await startFaultServer(behaviour as Behaviour);
    await checkEnd(server.origin, end, { clientSecret: undefined, clientAuth: clientSecretPost(planted.secret) });
    assertEquals(server.requests[0]?.headers.has("authorization"), false);
  });
}

Deno.test(`the table of token endpoints holds ${tokenCases.length} different cases`, () => {
  assertEquals(new Set(tokenCases.map(({ name }) => name)).size, tokenCases.length);
  assert(tokenCases.length >= 292);
});

const never = () => new Promise<never>(() => {});
const deaf = (options: Partial<GetTokenOptions>) =>
  ["https://auth.example.com", late, { timeout: 50, ...options }] as const;
const endless = () => Promise.resolve(new Response(new ReadableStream({ pull: never })));
const unanswered: Record<string, readonly [origin: string, end: End, options?: Partial<GetTokenOptions>]> = {
  "a token endpoint without a listener": [`http://127.0.0.1:${await closedPort()}`, network],
  // A label of more than 63 letters is refused by the resolver itself.
  "a token endpoint without an address": [`https://${"a".repeat(64)}.invalid`, network],
  "plain http elsewhere": ["http://auth.example.com", { code: "insecure_endpoint", retryable: false }],
  "a fetch that doesn't listen": deaf({ fetch: never }),
  "a secret that never comes": [
    "https://auth.example.com",
    { code: "client_auth_unavailable", retryable: false },
    { timeout: 50, clientSecret: never },
  ],
  "a body that never comes": deaf({ fetch: endless }),
};
for (const [name, [origin, end, options]] of Object.entries(unanswered)) {
  Deno.test(`getToken: ends as it should with ${name}`, () => checkEnd(origin, end, options));
}

Deno.test("getToken: ends as it should with a token endpoint that has no TLS", async () => {
  await using server = await startFaultServer({ unread: true, steps: [{ send: "HTTP/1.1 400 Bad\r\n\r\n" }] });
  await checkEnd(server.origin.replace("http:", "https:"), { code: "tls_failed", retryable: false });
  assertEquals([server.connections, server.requests.length], [1, 0]);
});

Deno.test({
  name: "getToken: ends as it should without the permission to reach the token endpoint",
  permissions: { net: false },
  fn: () => checkEnd("https://auth.example.com", { code: "permission_denied", retryable: false }),
});

/** Asks once, with everything planted that must not show, and looks for it in what comes. */
async function checkEnd(origin: string, end: End, options: Partial<GetTokenOptions> = {}): Promise<void> {
  const started = Date.now();
  const given = { clientId: planted.clientId, clientSecret: planted.secret, ...options };
  const { result, printed } = await recordConsole(() =>
    getToken(`${origin}/token?key=${planted.query}`, given).catch((error: unknown) => error)
  );
  assertNothingShows(result, printed);
  assertEnd(result, end, started);
}
