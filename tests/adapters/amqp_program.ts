/**
 * Publishes by amqplib on one connection until its first token has expired, on any runtime. The argument is its input, as
 * JSON.
 *
 * @module
 */

import { connect } from "npm:amqplib@2.3.1";
import { amqpCredentials, keepSecretFresh } from "@m2m/authenticator/adapters/amqp";
import { Buffer } from "node:buffer";
import process from "node:process";
import { until } from "../servers/loopback.ts";
import { countListeners, makeAuthenticator, pause, type Place } from "./place.ts";

/** The broker, and whether the connection is left with its first token. */
export interface Input {
  readonly place: Place;
  readonly isStale?: boolean;
}

/** What has become of the messages. */
export interface Output {
  readonly sent: number;
  readonly confirmed: number;
  readonly received: number;
  /** Whether the first token has expired. */
  readonly isPastExpiry: boolean;
  /** What the broker said when it closed the channel. */
  readonly refusal: string;
  /** The listeners left when the connection is closed. */
  readonly listeners: number;
}

/** Publishes. */
export async function publish({ place, isStale }: Input): Promise<Output> {
  const authenticator = makeAuthenticator(place);
  const counted = countListeners(authenticator);
  const connection = await connect(place.amqp, { credentials: await amqpCredentials(authenticator) });
  const { expiresAt = 0 } = authenticator.credentials!;
  if (!isStale) keepSecretFresh(connection, counted);
  const channel = await connection.createConfirmChannel();
  let [sent, confirmed, received, refusal] = [0, 0, 0, ""];
  channel.on("error", (error) => void (refusal = error.message));
  const { queue } = await channel.assertQueue("", { exclusive: true });
  await channel.consume(queue, () => received++, { noAck: true });
  for (; Date.now() < expiresAt + 1_000 && refusal === ""; await pause()) {
    channel.sendToQueue(queue, Buffer.from(`message ${sent++}`));
    await channel.waitForConfirms().then(() => confirmed++, () => {});
  }
  await until(() => received === confirmed, 4_000);
  // A JWT's time is in whole seconds.
  const isPastExpiry = Date.now() > expiresAt - 1_000;
  await connection.close();
  await authenticator.close();
  return { sent, confirmed, received, isPastExpiry, refusal, listeners: counted.open.size };
}

if (import.meta.main) console.log(JSON.stringify(await publish(JSON.parse(process.argv[2]!))));
