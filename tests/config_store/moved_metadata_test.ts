/** Metadata, or a token endpoint, that is elsewhere than it is looked for first. */

import { assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { authenticatorAt } from "../authenticator_at.ts";
import { serve } from "../servers/loopback.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

const openid = "/o/.well-known/openid-configuration";

/** Answers by path: the metadata, or a redirect. */
const rows: [name: string, answers: Record<string, string>, outcome: string][] = [
  ["only under a slash at the end", { [`${openid}/`]: "metadata" }, "found"],
  ["behind a redirect to a slash", { [openid]: `${openid}/`, [`${openid}/`]: "metadata" }, "found"],
  ["behind three redirects", { [openid]: "/1", "/1": "/2", "/2": "3?x=1", "/3": "metadata" }, "found"],
  [
    "behind four redirects",
    { [openid]: "/1", "/1": "/2", "/2": "/3", "/3": "/4", "/4": "metadata" },
    "redirect_refused",
  ],
  ["behind a redirect in circles", { [openid]: openid }, "redirect_refused"],
  ["on another origin", { [openid]: "http://localhost:1/x" }, "redirect_refused"],
  ["behind a login in the URL", { [openid]: "http://user:planted@ORIGIN/x" }, "redirect_refused"],
  ["behind a redirect to nowhere", { [openid]: "http://[" }, "redirect_refused"],
  ["behind a redirect, of another issuer", { [openid]: "/other", "/other": "other" }, "invalid_config"],
];
for (const [name, answers, outcome] of rows) {
  Deno.test(`DiscoveryClientConfigStore: metadata ${name}: ${outcome}`, async () => {
    await using server = serve((request) => {
      const { pathname, origin, host } = new URL(request.url);
      const answer = answers[pathname];
      if (answer === undefined) return new Response(null, { status: 404 });
      if (!/^(metadata|other)$/.test(answer)) {
        return new Response(null, { status: 301, headers: { location: answer.replace("ORIGIN", host) } });
      }
      return Response.json({
        issuer: answer === "other" ? "https://other.test" : `${origin}/o`,
        token_endpoint: `${origin}/t`,
      });
    });
    const config = new DiscoveryClientConfigStore(`${server.origin}/o`).getClientConfig();
    if (outcome === "found") assertEquals((await config).tokenEndpoint, `${server.origin}/t`);
    else assertEquals((await assertRejects(() => config, AuthenticationError)).code, outcome);
  });
}

Deno.test("DiscoveryClientConfigStore: finds a token endpoint that moved before its metadata are stale", async () => {
  const stub = tokenEndpointStub();
  let now = 0;
  let lookups = 0;
  let token_endpoint = "https://auth.test/before";
  const clock = { wall: () => now, monotonic: () => now };
  const authenticator = authenticatorAt(stub, {
    configStore: new DiscoveryClientConfigStore("https://auth.test", { clock }),
    clock,
    fetch: async (input, init) => {
      if (input === token_endpoint) return await stub.fetch(stub.url, init);
      if (!String(input).includes("well-known")) return new Response("gone", { status: 404 });
      lookups++;
      return Response.json({ issuer: "https://auth.test", token_endpoint });
    },
  });
  await authenticator.getCredentials();
  token_endpoint = "https://auth.test/after";
  // Its metadata are fresh for an hour; they aren't looked up at every failure.
  now += 9_000;
  await assertRejects(() => authenticator.refreshCredentials(), AuthenticationError, "404");
  assertEquals([lookups, (await authenticator.getCredentials()).accessToken], [1, "token-1"]);
  now += 9_000;
  assertEquals((await authenticator.refreshCredentials()).accessToken, "token-2");
  assertEquals(lookups, 2);
});
