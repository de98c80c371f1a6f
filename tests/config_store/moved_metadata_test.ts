/** Metadata, or a token endpoint, that is elsewhere than it is looked for first. */

import { assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { authenticatorAt } from "../authenticator_at.ts";
import { serve } from "../servers/loopback.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

const openid = "/o/.well-known/openid-configuration";

/** Answers by path (good metadata, those of another issuer, or a redirect), and what discovery gives. */
const rows: [name: string, answers: Record<string, string>, outcome: string][] = [
  ["only under a slash at the end", { [`${openid}/`]: "good" }, "/t"],
  ["behind a redirect to a slash", { [openid]: `${openid}/`, [`${openid}/`]: "good" }, "/t"],
  ["behind three redirects", { [openid]: "/1", "/1": "/2", "/2": "3?x=1", "/3": "good" }, "/t"],
  ["behind four", { [openid]: "/1", "/1": "/2", "/2": "/3", "/3": "/4", "/4": "good" }, "redirect_refused"],
  ["behind a redirect in circles", { [openid]: openid }, "redirect_refused"],
  ["on another origin", { [openid]: "http://localhost:1/x" }, "redirect_refused"],
  ["behind a login in the URL", { [openid]: "http://user:planted@ORIGIN/x" }, "redirect_refused"],
  ["behind a redirect to nowhere", { [openid]: "http://[" }, "redirect_refused"],
  ["behind a redirect, of another issuer", { [openid]: "/other", "/other": "other" }, "invalid_config"],
];
for (const [name, answers, outcome] of rows) {
  Deno.test(`DiscoveryClientConfigStore: metadata ${name}: ${outcome}`, async () => {
    await using server = serve(({ url }) => {
      const { pathname, origin, host } = new URL(url);
      const answer = answers[pathname];
      if (answer === undefined) return new Response(null, { status: 404 });
      const issuer = { good: `${origin}/o`, other: "https://other.test" }[answer];
      if (issuer) return Response.json({ issuer, token_endpoint: `${origin}/t` });
      return new Response(null, { status: 301, headers: { location: answer.replace("ORIGIN", host) } });
    });
    const got = await new DiscoveryClientConfigStore(`${server.origin}/o`).getClientConfig()
      .then(({ tokenEndpoint }) => tokenEndpoint, ({ code }) => code);
    assertEquals(got, outcome === "/t" ? `${server.origin}/t` : outcome);
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
