/** Tokens for Kafka by KafkaJS, on every runtime, against a broker's logins: sessions end when their tokens expire. */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import kafkajs from "npm:kafkajs@2.2.4";
import { Credentials, type RefreshOptions } from "@m2m/authenticator";
import { oauthBearerProvider } from "@m2m/authenticator/adapters/kafka";
import { FakeTime } from "@std/testing/time";
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

  const provider = oauthBearerProvider(standIn(new Credentials({ accessToken: "wrong-token" })));
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
    return oauthBearerProvider(standIn(new Credentials({ accessToken, expiresAt })), options)();
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
  const endless = oauthBearerProvider(standIn(new Credentials({ accessToken: "opaque" })));
  for (let times = 0; times < 2; times++) assertGreater((await endless()).lifetime, Date.now() + 200_000);
});

Deno.test("oauthBearerProvider: waits for the refresh of a token that it has given already, but not too long", async () => {
  using time = new FakeTime();
  const [first, next] = ["first", "next"].map((accessToken, index) =>
    new Credentials({ accessToken, expiresAt: Date.now() + 1_000 * (index + 1) })
  );
  const authenticator = standIn(first!);
  const provide = oauthBearerProvider(authenticator);
  const get = async () => (await provide()).value;
  assertEquals([await get(), await get()], ["first", "first"]);
  time.tick(800);
  const [given, late] = [get(), get()];
  await authenticator.asked(2);
  authenticator.answer(next!);
  assertEquals([await given, await late], ["next", "next"]);

  // The server doesn't answer: the known token will do while it lives.
  const other = standIn(next!);
  const provideLate = oauthBearerProvider(other);
  await provideLate();
  time.tick(1_100);
  const known = provideLate();
  await other.asked(1);
  time.tick(50);
  assertEquals((await known).value, "next");
});

/** An authenticator whose refreshes are answered by the test. */
function standIn(credentials: Credentials) {
  const { promise, resolve } = Promise.withResolvers<Credentials>();
  let requests = 0;
  return {
    getCredentials: () => Promise.resolve(credentials),
    refreshCredentials({ signal }: RefreshOptions = {}): Promise<Credentials> {
      requests++;
      return Promise.race([
        promise,
        new Promise<never>((_, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason));
        }),
      ]);
    },
    /** Waits until so many refreshes were asked for. */
    async asked(count: number): Promise<void> {
      for (let tries = 0; requests < count && tries < 100; tries++) await Promise.resolve();
      assertEquals(requests, count);
    },
    answer: resolve,
  };
}
