/** Tokens for MQTT by MQTT.js: a real broker, tokens that expire while the connection is open, on every runtime. */

import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { connect } from "npm:mqtt@5.16.0";
import { Credentials } from "@m2m/authenticator";
import { keepPasswordFresh, type MqttClient } from "@m2m/authenticator/adapters/mqtt";
import { FakeTime } from "@std/testing/time";
import { testsOn } from "../runtimes/tests_on.ts";
import { findRabbitmq } from "../servers/rabbitmq.ts";
import { publish } from "./mqtt_program.ts";
import { makeAuthenticator, type Place } from "./place.ts";
import { runEverywhere, startScene } from "./scene.ts";

// The broker's log is read all the time.
const testOnRabbitmq = await testsOn("RabbitMQ", findRabbitmq, { sanitizeOps: false, sanitizeResources: false });

testOnRabbitmq("mqtt: clients outlive their tokens on every runtime, and no message is lost", async (start) => {
  await using place = await startScene(start);
  // At once, for each waits until a token has expired.
  const [outputs, { acknowledged, received, sent, ...stale }] = await Promise.all([
    runEverywhere(new URL("mqtt_program.ts", import.meta.url), publish, { place }),
    publish({ place, isStale: true }),
    assertReplacesRefused(place),
  ]);
  const always = { errors: [], isConnected: true, isPastExpiry: true, listeners: 0, wills: 0 };
  for (const [runtime, { sent, ...output }] of outputs) {
    assertEquals(output, { acknowledged: sent, received: sent, connections: 2, ...always }, runtime);
  }
  // Left with its first token, a client is told nothing: the broker drops what it publishes after expiry.
  // Its end is forced: the last acknowledgements may be under way.
  assertLess(received, sent);
  assert(acknowledged <= received, `${acknowledged} acknowledged, ${received} received`);
  assertEquals(stale, { connections: 1, ...always });
});

/** A client whose token the broker refuses gets another, and sends what was published before. */
async function assertReplacesRefused(place: Place): Promise<void> {
  await using real = makeAuthenticator(place);
  const dead = new Credentials({ accessToken: "dead-token" });
  const rejected: unknown[] = [];
  const authenticator = {
    getCredentials: () => Promise.resolve(dead),
    refreshCredentials: (options: { rejected?: Credentials | undefined }) => {
      rejected.push(options.rejected);
      return real.getCredentials();
    },
    onToken: () => () => {},
  };
  const { hostname: host, port } = new URL(place.mqtt);
  // First a token that is known not to be the latest, then the latest.
  const settings = { protocol: "mqtt", username: "my-client", password: "older-token" } as const;
  const client = connect({ ...settings, host, port: Number(port) });
  const refusals: unknown[] = [];
  client.on("error", (error) => void refusals.push((error as { code?: unknown }).code));
  keepPasswordFresh(client, authenticator);
  await client.publishAsync("messages", "published before the first connection", { qos: 1 });
  assertEquals([refusals, rejected], [[4, 4], [dead]]);
  await client.endAsync();
}

Deno.test("keepPasswordFresh: leaves open connections alone where it is told to, and stops when the client ends", async () => {
  const heard = new Map<string, (value?: unknown) => void>();
  const seen: string[] = [];
  const client: MqttClient = {
    ...{ options: { password: "old", reconnectPeriod: 1 }, connected: true, incomingStore: 0, outgoingStore: 0 },
    stream: undefined,
    reconnect: () => void seen.push("reconnect"),
    on: (event, listener) => void heard.set(event, listener),
    removeListener: (event) => void heard.delete(event),
  };
  const credentials = (accessToken: string) => new Credentials({ accessToken });
  let push: (credentials: Credentials) => unknown = () => {};
  using time = new FakeTime();
  const settle = async () => {
    for (let count = 0; count < 40; count++) await Promise.resolve();
  };
  const pass = (ms: number) => settle().then(() => time.tick(ms)).then(settle);
  let isLimited = true;
  const none = () => isLimited ? Promise.reject(new Error("No token.")) : Promise.resolve(credentials("fourth"));
  const stop = keepPasswordFresh(client, {
    getCredentials: none,
    refreshCredentials: none,
    onToken(listener) {
      seen.push("listens");
      push = listener;
      return () => void seen.push("ended");
    },
  }, { reconnect: false });

  push(credentials("next"));
  assertEquals([client.options.password, client.connected, seen], ["next", true, ["listens"]]);
  // Errors that say nothing of the password, and those of an open connection.
  client.connected = false;
  heard.get("error")!({ code: "ECONNRESET" });
  heard.get("error")!(undefined);
  push(credentials("third"));
  assertEquals(seen, ["listens"]);
  // Refused, with no token to be had: the next one that is issued is used, be it the same.
  heard.get("error")!({ code: 0x87 });
  push(credentials("third"));
  push(credentials("third"));
  assertEquals(seen, ["listens", "reconnect"]);
  // It is asked for again until there is one.
  heard.get("error")!({ code: 5 });
  await pass(30_000);
  isLimited = false;
  await pass(30_000);
  assertEquals([client.options.password, seen], ["fourth", ["listens", "reconnect", "reconnect"]]);
  heard.get("error")!({ code: 5 });
  heard.get("end")!();
  heard.get("connect")!();
  heard.get("connect")!();
  stop();
  assertEquals(seen.slice(3), ["ended", "listens", "ended"]);
  assertEquals(heard.size, 0);

  for (const wrong of [undefined, {}, Promise.resolve(client)]) {
    assertThrows(() => keepPasswordFresh(wrong as MqttClient, {} as never), TypeError, "client must be");
  }
});
