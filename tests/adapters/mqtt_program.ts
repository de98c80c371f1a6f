/**
 * Publishes by MQTT.js until the first token has expired, and receives the messages, on any runtime. The argument is its
 * input, as JSON.
 *
 * @module
 */

// MQTT.js needs some version of it; with the newest one a CryptoKey of jose isn't one of Deno's.
import type {} from "npm:@types/node@22.19.19";
import { connectAsync } from "npm:mqtt@5.16.0";
import { keepPasswordFresh } from "@m2m/authenticator/adapters/mqtt";
import process from "node:process";
import { until } from "../servers/loopback.ts";
import { countListeners, makeAuthenticator, pause, type Place } from "./place.ts";

/** The broker, and whether the client is left with its first token. */
export interface Input {
  readonly place: Place;
  readonly isStale?: boolean;
}

/** What has become of the messages. */
export interface Output {
  readonly sent: number;
  /** Those that the broker has acknowledged. */
  readonly acknowledged: number;
  /** Those that came at least once. */
  readonly received: number;
  readonly isPastExpiry: boolean;
  /** The connections made. */
  readonly connections: number;
  /** What the client emitted as errors, and whether it was connected in the end. */
  readonly errors: readonly string[];
  readonly isConnected: boolean;
  /** How often the broker has published the client's will. */
  readonly wills: number;
  /** The listeners left when the client has ended. */
  readonly listeners: number;
}

/** Publishes. */
export async function publish({ place, isStale }: Input): Promise<Output> {
  const authenticator = makeAuthenticator(place);
  const counted = countListeners(authenticator);
  const { accessToken: password, expiresAt = 0 } = await authenticator.getCredentials();
  const name = crypto.randomUUID();
  const [topic, willTopic] = [`messages/${name}`, `wills/${name}`];
  // Of a URL, Node warns that the package parses it by a function that is deprecated.
  const { hostname: host, port } = new URL(place.mqtt);
  const client = await connectAsync({
    ...{ protocol: "mqtt", host, port: Number(port) },
    ...{ username: "my-client", password, clientId: name, clean: false, reconnectPeriod: 50 },
    will: { topic: willTopic, payload: "the end" as unknown as never, qos: 1, retain: false },
  });
  const errors: string[] = [];
  const received = new Set<string>();
  let [sent, acknowledged, connections, wills] = [0, 0, 1, 0];
  client.on("connect", () => void connections++);
  client.on("error", ({ message }) => void errors.push(message));
  client.on("message", (to, message) => to === topic ? void received.add(String(message)) : void wills++);
  await client.subscribeAsync([topic, willTopic], { qos: 1 });
  if (!isStale) keepPasswordFresh(client, counted);
  // Faster than acknowledgements come, so that some are under way whenever the connection ends.
  for (; Date.now() < expiresAt + 1_000; await pause()) {
    for (let count = 0; count < 5; count++) {
      client.publish(
        topic,
        `message ${sent++}`,
        { qos: 1 },
        (error) => error ? errors.push(error.message) : acknowledged++,
      );
    }
  }
  if (!isStale) await until(() => acknowledged === sent && received.size === sent, 4_000);
  const isConnected = client.connected;
  await client.endAsync(isStale);
  await authenticator.close();
  const isPastExpiry = Date.now() > expiresAt;
  const counts = { sent, acknowledged, received: received.size, connections, wills, listeners: counted.open.size };
  return { ...counts, errors, isConnected, isPastExpiry };
}

if (import.meta.main) console.log(JSON.stringify(await publish(JSON.parse(process.argv[2]!))));
