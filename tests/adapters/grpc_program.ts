/**
 * Tokens in the calls of real gRPC, over TLS: a program for Bun and Node. Deno's own HTTP/2 server has no TLS for gRPC.
 *
 * @module
 */

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { grpcCallCredentials, grpcInterceptor } from "@m2m/authenticator/adapters/grpc";
import * as grpc from "npm:@grpc/grpc-js@1.14.7";
import { echoService, startGrpcServer } from "../servers/grpc_server.ts";
import { until } from "../servers/loopback.ts";
import { adapterScene, type SceneOptions } from "./adapter_scene.ts";
import { printFailures } from "./print_failures.ts";

const { combineChannelCredentials, createSsl, createInsecure } = grpc.credentials;
const { say, chat } = echoService;
const { status } = grpc;

/** A server, an authenticator whose tokens it accepts but for the refused ones, and a client. */
async function startScene(
  { refused = [], issue: also, ...options }: SceneOptions & { refused?: readonly string[] } = {},
) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startGrpcServer());
  const issue = async (token: string) => {
    if (!refused.includes(token)) server.accept(token);
    return await also?.(token);
  };
  const scene = stack.use(adapterScene({ issue, endpoint: `https://localhost:${server.port}`, ...options }));
  const callCredentials = grpcCallCredentials(scene.authenticator, grpc);
  const credentials = combineChannelCredentials(createSsl(server.authority), callCredentials);
  const interceptors = [grpcInterceptor(scene.authenticator, grpc)];
  const client = new grpc.Client(`localhost:${server.port}`, credentials, { interceptors });
  stack.defer(() => client.close());
  const started = stack.move();
  return {
    ...scene,
    server,
    callCredentials,
    client,
    say: (message: string, metadata = new grpc.Metadata(), options: grpc.CallOptions = {}) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      const call = client.makeUnaryRequest(
        say.path,
        say.requestSerialize,
        say.responseDeserialize,
        message,
        metadata,
        options,
        (error, answer) => resolve(error ? `${error.code} ${error.details}` : String(answer)),
      );
      return Object.assign(promise, { call });
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

type Chat = grpc.ClientDuplexStream<string, string>;

/** Sends all messages by streams: after each rejection by another one, from the first message without an answer on. */
async function chatAll(client: grpc.Client, messages: readonly string[], onAnswer: (count: number) => void) {
  const answers: string[] = [];
  let streams = 0;
  while (answers.length < messages.length) {
    streams++;
    await new Promise<void>((resolve, reject) => {
      const stream: Chat = client.makeBidiStreamRequest(chat.path, chat.requestSerialize, chat.responseDeserialize);
      stream.on("data", (answer: string) => {
        onAnswer(answers.push(answer));
        if (answers.length === messages.length) stream.end();
        else stream.write(messages[answers.length]!);
      });
      stream.on(
        "error",
        ({ code }: grpc.ServiceError) =>
          code === status.UNAUTHENTICATED ? resolve() : reject(new Error(`ended with ${code}`)),
      );
      stream.on("end", resolve);
      stream.write(messages[answers.length]!);
    });
  }
  return { answers, streams };
}

const numbers = Array.from({ length: 30 }, (_, index) => String(index));

/** The cases, each with a server of its own. */
export const cases: Readonly<Record<string, () => Promise<void>>> = {
  async "tokens that end between calls: none is lost"() {
    await using scene = await startScene();
    for (const number of numbers) {
      if (number.endsWith("5")) scene.server.end(`token-${scene.tokens.length}`);
      assertEquals(await scene.say(number), number);
    }
    assertEquals([scene.server.said, scene.tokens.length], [numbers, 4]);
  },

  async "many calls at once share one refresh"() {
    await using scene = await startScene();
    await scene.say("first");
    scene.server.end("token-1");
    assertEquals(await Promise.all(numbers.map((number) => scene.say(number))), numbers);
    assertEquals([scene.server.said.length, scene.tokens], [31, ["token-1", "token-2"]]);
  },

  async "tokens that end while a stream is open: the next one has a new token, and no message is lost"() {
    await using scene = await startScene({ refused: ["token-1"] });
    const { answers, streams } = await chatAll(scene.client, numbers, (count) => {
      if (count % 10 === 5) scene.server.end(`token-${scene.tokens.length}`);
    });
    assertEquals([answers, scene.server.said, streams], [numbers, numbers, 5]);
    assertEquals(scene.server.seen, ["token-1", "token-2", "token-3", "token-4", "token-5"]);
  },

  async "tokens that are always rejected: one call more, with the same metadata, then the server's answer"() {
    await using scene = await startScene({ refused: ["token-1", "token-2"] });
    assertEquals(await scene.say("a"), "16 the token is not accepted");
    assertEquals(scene.server.seen, ["token-1", "token-2"]);
  },

  async "a host that isn't the endpoint's gets no token"() {
    await using scene = await startScene({ endpoint: "https://api.example.com" });
    assertMatch(await scene.say("a"), /^7 .*Cannot send the token: it is for "api\.example\.com"\./);
    assertEquals(scene.server.seen, []);
  },

  async "insecure channels, and calls with a header of their own, are gRPC's to refuse"() {
    await using scene = await startScene();
    assertThrows(() => combineChannelCredentials(createInsecure(), scene.callCredentials), Error, "insecure");
    const own = new grpc.Metadata();
    own.set("authorization", "Bearer own");
    assertMatch(await scene.say("a", own), /^13 /);
    assertEquals(scene.server.seen, []);
  },

  async "no token: the call says whether trying again may help, and shows no secret"() {
    for (const [answer, code] of [[503, status.UNAVAILABLE], [400, status.UNAUTHENTICATED]] as const) {
      const issue = () => Response.json({ error: "invalid_grant", access_token: "s3cret" }, { status: answer });
      await using scene = await startScene({ issue, retry: { maxAttempts: 1 } });
      const said = await scene.say("a");
      assertEquals([said.split(" ")[0], said.includes("s3cret"), scene.server.seen], [String(code), false, []], said);
    }
  },

  async "a call that is cancelled, or late, while its token is refreshed ends"() {
    for (const [options, end] of [[{}, "1 Cancelled on client"], [{ deadline: 300 }, "16 the token"]] as const) {
      const waiting = Promise.withResolvers<void>();
      const second = Promise.withResolvers<void>();
      await using scene = await startScene({
        refused: ["token-1"],
        issue: (token) => token === "token-2" ? (second.resolve(), waiting.promise) : undefined,
      });
      const deadline = "deadline" in options ? { deadline: Date.now() + options.deadline } : {};
      const saying = scene.say("a", new grpc.Metadata(), deadline);
      await second.promise;
      if (!("deadline" in options)) saying.call.cancel();
      assertMatch(await saying, new RegExp(`^${end}`));
      waiting.resolve();
      assertEquals(scene.server.said, []);
    }
  },

  async "a repeated call can be cancelled, and what isn't gRPC is refused"() {
    await using scene = await startScene({ refused: ["token-1"] });
    const saying = scene.say("never answered");
    await until(() => scene.server.seen.length === 2);
    saying.call.cancel();
    assertMatch(await saying, /^1 /);
    assertThrows(() => grpcCallCredentials(scene.authenticator, {} as never), TypeError, "grpc must be the module");
    assertThrows(() => grpcInterceptor(scene.authenticator, {} as never), TypeError, "grpc must be the module");
    const endpoint = "localhost:443";
    assertThrows(() => grpcCallCredentials(scene.authenticator, grpc, { endpoint }), TypeError, "endpoint must be");
  },
};

if (import.meta.main) await printFailures(cases);
