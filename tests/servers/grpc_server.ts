/**
 * A gRPC server over TLS that takes numbered tokens, without a protocol definition: messages are text.
 *
 * @module
 */

// gRPC needs some version of it; with the newest one a CryptoKey of jose isn't one of Deno's.
import type {} from "npm:@types/node@22.19.19";
import * as grpc from "npm:@grpc/grpc-js@1.14.7";
import { Buffer } from "node:buffer";
import { certificateAuthority } from "./tls_certificates.ts";
import { host } from "./loopback.ts";

const text = {
  requestSerialize: (message: string) => Buffer.from(message),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (message: string) => Buffer.from(message),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
};
const method = (name: string, isStream: boolean) => ({
  path: `/echo.Echo/${name}`,
  requestStream: isStream,
  responseStream: isStream,
  ...text,
});

/** Its methods: an echo, and a stream of echoes that ends with `UNAUTHENTICATED` when its token does. */
export const echoService = { say: method("Say", false), chat: method("Chat", true) };

/** Starts it. */
export async function startGrpcServer() {
  const authority = await certificateAuthority("gRPC authority");
  const { cert, key } = await authority.issue({ subject: "gRPC server", hosts: ["localhost"], addresses: [host] });
  const accepted = new Set<string>();
  const said: string[] = [];
  const seen: string[] = [];
  const streams = new Map<grpc.ServerDuplexStream<string, string>, string>();
  const rejection = { code: grpc.status.UNAUTHENTICATED, details: "the token is not accepted" };
  const readToken = (metadata: grpc.Metadata) => {
    const token = String(metadata.get("authorization")[0] ?? "").replace(/^Bearer /, "");
    seen.push(token);
    return accepted.has(token) ? token : undefined;
  };
  const server = new grpc.Server();
  server.addService(echoService, {
    say(call: grpc.ServerUnaryCall<string, string>, callback: grpc.sendUnaryData<string>) {
      if (readToken(call.metadata) === undefined) return callback(rejection);
      if (call.request === "never answered") return;
      said.push(call.request);
      callback(null, call.request);
    },
    chat(call: grpc.ServerDuplexStream<string, string>) {
      call.on("error", () => {});
      const token = readToken(call.metadata);
      if (token === undefined) return void call.emit("error", rejection);
      streams.set(call, token);
      call.on("data", (message: string) => {
        said.push(message);
        call.write(message);
      });
      call.on("end", () => call.end());
      call.on("close", () => streams.delete(call));
    },
  });
  const credentials = grpc.ServerCredentials.createSsl(null, [
    { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) },
  ]);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`${host}:0`, credentials, (error, port) => error ? reject(error) : resolve(port))
  );
  return {
    port,
    authority: Buffer.from(authority.pem),
    /** The messages that were taken, in their order. */
    said: said as readonly string[],
    /** The tokens of the calls, in their order; empty where there was none. */
    seen: seen as readonly string[],
    accept: (token: string) => accepted.add(token),
    /** Takes a token no longer, and ends the streams that have it. */
    end(token: string) {
      accepted.delete(token);
      for (const [stream, own] of streams) if (own === token) stream.emit("error", rejection);
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.forceShutdown();
        resolve();
      }),
  };
}
