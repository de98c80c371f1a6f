/** Tokens for Kafka by KafkaJS, on every runtime, against a broker's logins: sessions end when their tokens expire. */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import kafkajs from "npm:kafkajs@2.2.4";
import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { oauthBearerProvider } from "@m2m/authenticator/adapters/kafka";
import { behaviours, staticAuthenticator, testServers } from "@m2m/authenticator/testing";
import { encodeBase64Url } from "@std/encoding/base64url";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startKafkaLogin } from "../servers/kafka_login.ts";
import { call } from "./kafka_program.ts";
import { runEverywhere } from "./scene.ts";

Deno.test("kafka: connections outlive their tokens on every runtime, and wrong tokens are refused", async () => {
  const audience = "https://kafka.test";
  const [clientId, clientSecret] = ["my-client", `secret-of-${crypto.randomUUID()}`];
  const clients = [{ client_id: clientId, client_secret: clientSecret }];
  await using server = await startAuthorizationServer({ clients, audiences: [audience], lifetime: 10 });
  await using broker = await startKafkaLogin({ ...server, audience });
  const place = { audience, tokenEndpoint: server.tokenEndpoint, scopes: ["api:read"], clientId, clientSecret };

  const script = new URL("kafka_program.ts", import.meta.url);
  const outputs = await runEverywhere(script, call, { place, broker: broker.address });
  for (const [runtime, { calls, isPastExpiry }] of outputs) {
    assertGreater(calls, 10, runtime);
    assert(isPastExpiry, runtime);
  }
  assertEquals([broker.connections, broker.ended], [outputs.length, 0]);
  for (let connection = 1; connection <= broker.connections; connection++) {
    const logins = broker.logins.filter((login) => login.connection === connection);
    const tokens = new Set(logins.map(({ jti }) => jti));
    assert(!tokens.has(undefined) && tokens.size > 1, `connection ${connection}`);
    assertEquals(logins[0]!.extensions, { logicalCluster: "lkc-1" });
  }

  const provider = oauthBearerProvider(staticAuthenticator("wrong-token"));
  const sasl = { mechanism: "oauthbearer", oauthBearerProvider: provider } as const;
  const options = { brokers: [broker.address], logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 0 } };
  const admin = new kafkajs.Kafka({ ...options, sasl }).admin();
  const error = await assertRejects(() => admin.connect(), Error, "The token is invalid");
  assert(!Deno.inspect(error).includes("wrong-token"));
  assertEquals(broker.logins.at(-1)!.jti, undefined);
});

Deno.test("oauthBearerProvider: names the principal and the token's end, as librdkafka wants them", async () => {
  const jwt = (claims: unknown) => `e30.${encodeBase64Url(JSON.stringify(claims))}.c2ln`;
  const expiresAt = Date.now() + 60_000;
  const provide = (accessToken: string, options?: Parameters<typeof oauthBearerProvider>[1]) => {
    return oauthBearerProvider(staticAuthenticator({ accessToken, expiresAt }), options)();
  };
  const cases = [
    [jwt({ sub: "sérvice", client_id: "my-client" }), "sérvice"],
    [jwt({ sub: 1, client_id: "my-client" }), "my-client"],
    [jwt({}), ""],
    [jwt(null), ""],
    ["opaque", ""],
  ] as const;
  for (const [value, principal] of cases) {
    assertEquals(await provide(value), { value, tokenValue: value, principal, lifetime: expiresAt, extensions: {} });
  }
  const given = { principal: "mine", extensions: { identityPoolId: "pool-1" } };
  assertEquals(await provide("opaque", given), {
    ...{ value: "opaque", tokenValue: "opaque", lifetime: expiresAt },
    ...given,
  });
  // Of unknown lifetime: librdkafka takes no token without one.
  const endless = oauthBearerProvider(staticAuthenticator("opaque"));
  for (let times = 0; times < 2; times++) assertGreater((await endless()).lifetime, Date.now() + 200_000);
});

Deno.test("oauthBearerProvider: waits for the refresh that is under way, but not too long", async () => {
  const { authorizationServer, clock, options } = testServers();
  const provide = oauthBearerProvider(new ClientCredentialsAuthenticator(options));
  const get = async () => (await provide()).value;
  assertEquals([await get(), await get()], ["test-token-1", "test-token-1"]);
  clock.advance(3_500_000);
  assertEquals(await Promise.all([get(), get()]), ["test-token-2", "test-token-2"]);

  // The server doesn't answer: the known token will do while it lives.
  const stall = behaviours.stall();
  authorizationServer.next(stall);
  clock.advance(3_599_000);
  assertEquals(await get(), "test-token-2");
  stall.release();
});
