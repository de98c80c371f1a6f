/**
 * What a Kafka broker does at a login by OAUTHBEARER (KIP-255, KIP-368), and no more: no broker is to be had from npm or
 * Debian. It verifies tokens, limits sessions to their lifetime, and answers a request for metadata, which is all there is.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createServer, type Socket } from "node:net";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { host, listen } from "./loopback.ts";

/** The requests that are known, by their number, each with its newest version that is known. */
const requests = { metadata: [3, 1], handshake: [17, 1], versions: [18, 0], authenticate: [36, 1] } as const;
const unsupportedVersion = 35;
const authenticationFailed = 58;

/** Whose tokens it takes. */
interface KafkaLoginOptions {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly audience: string;
}

/** A login. */
interface Login {
  /** The number of the connection, from 1. */
  readonly connection: number;
  /** The token's own identifier, where it was accepted. */
  readonly jti?: string | undefined;
  /** SASL extensions. */
  readonly extensions: Readonly<Record<string, string>>;
}

/** Starts it. */
export async function startKafkaLogin({ issuer, jwksUri, audience }: KafkaLoginOptions) {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const server = createServer();
  const { port, close } = await listen(server);
  const started = {
    address: `${host}:${port}`,
    /** The logins so far. */
    logins: [] as Login[],
    connections: 0,
    /** The connections that were closed, for a request came after the session's end. */
    ended: 0,
    [Symbol.asyncDispose]: close,
  };
  // A client that leaves early is no failure.
  server.on("connection", (socket: Socket) => void serve(socket).catch(() => {}));
  return started;

  async function serve(socket: Socket): Promise<void> {
    const connection = ++started.connections;
    let sessionEnd = 0;
    let read = Buffer.alloc(0);
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      read = Buffer.concat([read, chunk]);
      while (read.length >= 4 && read.length >= 4 + read.readInt32BE()) {
        const request = read.subarray(4, 4 + read.readInt32BE());
        read = read.subarray(4 + request.length);
        const answer = await respond(request);
        if (answer === undefined) {
          socket.destroy();
          return;
        }
        socket.write(prefix(Buffer.concat([request.subarray(4, 8), answer])));
      }
    }

    /** Answers a request; with nothing, after the end of its session. */
    async function respond(request: Buffer): Promise<Buffer | undefined> {
      const [key, version] = [request.readInt16BE(), request.readInt16BE(2)];
      const body = request.subarray(10 + Math.max(0, request.readInt16BE(8)));
      if (key === requests.versions[0]) {
        const known = Object.values(requests).map(([key, newest]) => shorts(key, 0, newest));
        return Buffer.concat([shorts(version === 0 ? 0 : unsupportedVersion), long(known.length), ...known]);
      }
      if (key === requests.handshake[0]) return Buffer.concat([shorts(0), long(1), text("OAUTHBEARER")]);
      if (key === requests.authenticate[0]) return await logIn(body.subarray(4).toString());
      if (Date.now() < sessionEnd) return Buffer.concat([broker(), long(1), long(0)]);
      started.ended++;
      return undefined;
    }

    /** Verifies a token (RFC 7628 §3.1); its session lives as long as the token. */
    async function logIn(message: string): Promise<Buffer> {
      const fields = message.split("\x01").slice(1).filter(Boolean);
      const { auth = "", ...extensions } = Object.fromEntries(fields.map((field) => field.split(/=(.*)/s)));
      try {
        const token = auth.replace(/^Bearer /, "");
        const { payload: { jti, exp = 0 } } = await jwtVerify(token, keys, { issuer, audience });
        started.logins.push({ connection, jti, extensions });
        sessionEnd = exp * 1000;
        return Buffer.concat([shorts(0), text(null), long(0), lifetime(sessionEnd - Date.now())]);
      } catch {
        started.logins.push({ connection, extensions });
        return Buffer.concat([shorts(authenticationFailed), text("The token is invalid."), long(0), lifetime(0)]);
      }
    }
  }

  /** The list of brokers: itself. */
  function broker(): Buffer {
    return Buffer.concat([long(1), long(1), text(host), long(port), text(null)]);
  }
}

function shorts(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => bytes.writeInt16BE(value, 2 * index));
  return bytes;
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function lifetime(milliseconds: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(Math.max(0, milliseconds)));
  return bytes;
}

function text(value: string | null): Buffer {
  return value === null ? shorts(-1) : Buffer.concat([shorts(value.length), Buffer.from(value)]);
}

function prefix(bytes: Buffer): Buffer {
  return Buffer.concat([long(bytes.length), bytes]);
}
