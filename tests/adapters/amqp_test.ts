/** Tokens for RabbitMQ by amqplib: a real broker, tokens that expire while the connection is open, on every runtime. */

import { assert, assertEquals, assertGreater, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { connect, credentials as logins } from "npm:amqplib@2.3.1";
import { ClientCredentialsAuthenticator, Credentials } from "@m2m/authenticator";
import { type AmqpConnection, amqpCredentials, keepSecretFresh } from "@m2m/authenticator/adapters/amqp";
import { testServers } from "@m2m/authenticator/testing";
import { Buffer } from "node:buffer";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { testsOn } from "../runtimes/tests_on.ts";
import { host, listen, until } from "../servers/loopback.ts";
import { findRabbitmq } from "../servers/rabbitmq.ts";
import { publish } from "./amqp_program.ts";
import { makeAuthenticator, type Place } from "./place.ts";
import { runEverywhere, startScene } from "./scene.ts";

// The broker's log is read all the time.
const testOnRabbitmq = await testsOn("RabbitMQ", findRabbitmq, { sanitizeOps: false, sanitizeResources: false });

testOnRabbitmq("amqp: connections outlive their tokens on every runtime, and no message is lost", async (start) => {
  await using place = await startScene(start);
  // At once, for each waits until a token has expired.
  const [outputs, { sent, received, isPastExpiry, refusal }] = await Promise.all([
    runEverywhere(new URL("amqp_program.ts", import.meta.url), publish, { place }),
    publish({ place, isStale: true }),
    assertRecovers(place),
  ]);
  for (const [runtime, { sent, confirmed, received, ...others }] of outputs) {
    assertEquals([confirmed, received], [sent, sent], runtime);
    assertGreater(sent, 10, runtime);
    assertEquals(others, { isPastExpiry: true, refusal: "", listeners: 0 }, runtime);
  }
  // Left with its first token, a connection loses the first message after expiry.
  assertMatch(refusal, /ACCESS.REFUSED.*token has expired/);
  assertEquals([received, isPastExpiry], [sent - 1, true]);
});

/** A way to the broker that can be broken. */
async function startPassage(url: string) {
  const sockets = new Set<Socket>();
  const server = createServer();
  const { port, close } = await listen(server);
  server.on("connection", (socket: Socket) => {
    const broker = connectSocket(Number(new URL(url).port), host, () => {});
    sockets.add(socket);
    for (const [from, to] of [[socket, broker], [broker, socket]] as const) {
      from.on("error", () => {});
      from.on("close", () => to.destroy());
      from.pipe(to);
    }
  });
  const breakAll = () => sockets.forEach((socket) => socket.destroy());
  return { url: `amqp://${host}:${port}`, breakAll, [Symbol.asyncDispose]: close };
}

/** A connection that recovers logs in with the token of that moment. */
async function assertRecovers(place: Place): Promise<void> {
  await using passage = await startPassage(place.amqp);
  await using authenticator = makeAuthenticator(place);
  const credentials = await amqpCredentials(authenticator);
  const first = authenticator.credentials!;
  const setup = (model: AmqpConnection) => Promise.resolve(void keepSecretFresh(model, authenticator));
  const connection = await connect(passage.url, { credentials, recovery: { initialDelay: 10, setup } });
  connection.on("error", () => {});
  assertThrows(() => keepSecretFresh(connection as AmqpConnection, authenticator), TypeError, "recovery.setup");

  await until(() => Date.now() > first.expiresAt!, 4_000);
  await assertRejects(
    () => connect(place.amqp, { credentials: logins.plain("", first.accessToken) }),
    Error,
    "ACCESS_REFUSED",
  );
  const recovered = new Promise((resolve) => connection.on("connect", resolve));
  passage.breakAll();
  await recovered;
  const channel = await connection.createConfirmChannel();
  channel.sendToQueue("nowhere", Buffer.from("message"));
  await channel.waitForConfirms();
  await connection.close();
}

/** An authenticator whose listener the test calls. */
function standIn() {
  const credentials = new Credentials({ accessToken: "new-token" });
  let listener: ((credentials: Credentials) => unknown) | undefined;
  const authenticator = {
    ended: 0,
    getCredentials: () => Promise.resolve(credentials),
    onToken(added: (credentials: Credentials) => unknown) {
      listener = added;
      return () => void authenticator.ended++;
    },
    push: () => listener!(credentials),
  };
  return authenticator;
}

Deno.test("amqpCredentials: sends no token that has expired, and shows none", async () => {
  const { clock, options } = testServers();
  const authenticator = new ClientCredentialsAuthenticator(options);
  const credentials = await amqpCredentials(authenticator, { username: "my-client" });
  assertEquals(String(credentials.response()), "\0my-client\0test-token-1");

  clock.advance(3_600_000);
  const error = assertThrows(() => credentials.response(), Error, "connect again");
  // One was requested.
  while (authenticator.explain().token !== "live") await authenticator.getCredentials();
  assertEquals(String(credentials.response()), "\0my-client\0test-token-2");
  for (const shown of [Deno.inspect(credentials), JSON.stringify(credentials), Deno.inspect(error)]) {
    assert(!shown.includes("-token"), shown);
  }
});

Deno.test("keepSecretFresh: puts the known token and new ones on the connection, until it is closed", async () => {
  const secrets: string[] = [];
  let close = () => {};
  const connection = {
    updateSecret(secret: Uint8Array, reason: string, callback: () => void) {
      callback();
      secrets.push(`${secret}: ${reason}`);
      // As amqplib does when the connection is about to close.
      throw new Error("Connection closing");
    },
    once: (_event: "close", listener: () => void) => void (close = listener),
  };
  const authenticator = standIn();
  keepSecretFresh(connection, authenticator);
  await authenticator.getCredentials();
  await assertRejects(async () => await authenticator.push(), Error, "closing");
  assertEquals(secrets, Array(2).fill("new-token: The token was refreshed."));
  assertEquals(authenticator.ended, 0);
  close();
  assertEquals(authenticator.ended, 1);

  for (const wrong of [undefined, {}, Promise.resolve(connection)]) {
    assertThrows(() => keepSecretFresh(wrong as AmqpConnection, authenticator), TypeError, "Await connect().");
  }
});
