/**
 * Calls a broker by KafkaJS on one connection until the first token has expired, on any runtime. The argument is its input,
 * as JSON.
 *
 * @module
 */

import kafkajs from "npm:kafkajs@2.2.4";
import { oauthBearerProvider } from "@m2m/authenticator/adapters/kafka";
import process from "node:process";
import { makeAuthenticator, pause, type Place } from "./place.ts";

/** Where the broker is. */
export interface Input {
  readonly place: Omit<Place, "amqp" | "mqtt">;
  readonly broker: string;
}

/** The calls that were answered, and whether the first token has expired. */
export interface Output {
  readonly calls: number;
  readonly isPastExpiry: boolean;
}

// KafkaJS 2.2.4 makes Node and Deno warn of a negative time-out.
process.removeAllListeners("warning");

/** Calls it. */
export async function call({ place, broker }: Input): Promise<Output> {
  const authenticator = makeAuthenticator(place);
  const provider = oauthBearerProvider(authenticator, { extensions: { logicalCluster: "lkc-1" } });
  const kafka = new kafkajs.Kafka({
    clientId: process.version,
    brokers: [broker],
    sasl: { mechanism: "oauthbearer", oauthBearerProvider: provider },
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 0 },
    // How long before the session's end it logs in again, in milliseconds.
    reauthenticationThreshold: 1_000,
  });
  const admin = kafka.admin();
  await admin.connect();
  const { expiresAt = 0 } = authenticator.credentials!;
  let calls = 0;
  for (; Date.now() < expiresAt + 1_000; await pause()) {
    await admin.listTopics();
    calls++;
  }
  await admin.disconnect();
  await authenticator.close();
  return { calls, isPastExpiry: Date.now() > expiresAt };
}

if (import.meta.main) console.log(JSON.stringify(await call(JSON.parse(process.argv[2]!))));
