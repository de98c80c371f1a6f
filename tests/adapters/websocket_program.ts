/**
 * WebSocket connections whose tokens change, end and are refused: a program for Bun and Node, and cases for Deno.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Credentials } from "@m2m/authenticator";
import {
  reconnectingWebSocket,
  type ReconnectingWebSocketOptions,
  type WebSocketLike,
} from "@m2m/authenticator/adapters/websocket";
// @ts-types="npm:@types/ws@8.18.2"
import { WebSocket as NodeWebSocket } from "npm:ws@8.23.0";
import { until } from "../servers/loopback.ts";
import { startWebSocketServer, type TokenPlace } from "../servers/websocket_server.ts";
import { dpop } from "@m2m/authenticator/dpop";
import { adapterScene } from "./adapter_scene.ts";
import { printFailures } from "./print_failures.ts";

type Options = ReconnectingWebSocketOptions<WebSocketLike>;

/** A server, an authenticator whose tokens it accepts but for the refused ones, and a connection. */
async function startScene(
  place: TokenPlace,
  { refused = [], ...options }: Options & { refused?: readonly string[] } = {},
) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startWebSocketServer(place));
  const issue = (token: string) => refused.includes(token) || server.accept(token);
  const scene = stack.use(adapterScene({ issue, endpoint: server.origin }));
  const answers: string[] = [];
  const errors: Error[] = [];
  const connection = reconnectingWebSocket<WebSocketLike>(scene.authenticator, "/events", {
    onMessage: (data) => answers.push(String(data)),
    onError: (error) => errors.push(error),
    ...options,
  });
  stack.defer(() => connection.close());
  const started = stack.move();
  return {
    ...scene,
    ...{ server, connection, answers, errors },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

const openWith = (make: (url: string, credentials: Credentials) => WebSocketLike): Options => ({ connect: make });

/** The ways to carry a token. */
const ways: Readonly<Record<string, readonly [TokenPlace, Options]>> = {
  "a header": ["header", {}],
  "a header that is checked before the upgrade": ["upgrade", {}],
  "the query": [
    "query",
    openWith((url, { accessToken }) => new WebSocket(`${url}?access_token=${accessToken}`)),
  ],
  "a subprotocol": ["subprotocol", openWith((url, { accessToken }) => new WebSocket(url, ["chat", accessToken]))],
  "the first message": [
    "message",
    openWith((url, { accessToken }) => {
      const socket = new WebSocket(url);
      socket.addEventListener("open", () => socket.send(accessToken));
      return socket;
    }),
  ],
  "a header, by the package ws": [
    "header",
    openWith((url, { accessToken }) => {
      const headers = { authorization: `Bearer ${accessToken}` };
      return new NodeWebSocket(url, { headers });
    }),
  ],
};

/** Long enough for a queue. */
const padding = "x".repeat(20_000);
const name = (message: string) => message.split(" ")[0]!;
const sorted = (messages: readonly string[]) => messages.map(name).sort((a, b) => Number(a) - Number(b));

/** The cases, each with a server of its own. */
export const cases: Readonly<Record<string, () => Promise<void>>> = {
  ...Object.fromEntries(
    Object.entries(ways).map(([way, [place, options]]) => [
      `a token in ${way}: messages around each new token arrive exactly once`,
      async () => {
        await using scene = await startScene(place, options);
        const { connection, server } = scene;
        const sent: string[] = [];
        const send = (count: number) => {
          for (let index = 0; index < count; index++) {
            connection.send(`${sent.length} ${padding}`);
            sent.push(String(sent.length));
          }
        };
        send(20);
        await until(() => server.received.length > 0);
        for (let refreshes = 1; refreshes <= 3; refreshes++) {
          const before = connection.socket;
          send(50);
          const refresh = scene.authenticator.refreshCredentials();
          for (let tries = 0; connection.socket === before && tries < 5_000; tries++) {
            send(1);
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
          send(50);
          await refresh;
        }
        await until(() => server.received.length >= sent.length);
        assertEquals(sorted(server.received), sent);
        await until(() => server.countConnections() === 1);
        assertEquals([server.seen, scene.errors], [["token-1", "token-2", "token-3", "token-4"], []]);
      },
    ]),
  ),

  async "a token that ends while its connection is open: by a close or without, the next one has a new token"() {
    for (const code of [1008, 4401, undefined]) {
      await using scene = await startScene(code ? "query" : "upgrade", code ? ways["the query"]![1] : {});
      const { connection, server } = scene;
      connection.send("0");
      await until(() => scene.answers.length === 1);
      server.end("token-1", code);
      await until(() => connection.socket === undefined);
      connection.send("1");
      await until(() => scene.answers.length === 2, 800);
      assertEquals([server.received, scene.tokens], [["0", "1"], ["token-1", "token-2"]], String(code));
      // Node sends an upgrade that is refused by 401 twice.
      assertEquals([...new Set(server.seen)], ["token-1", "token-2"]);
      assertEquals(scene.errors.length, code ? 0 : 2);
      assert(scene.errors.every(({ message }) => /^Cannot open the WebSocket: /.test(message)));
    }
  },

  async "a server that rejects every token is asked ever more rarely"() {
    const refused = Array.from({ length: 100 }, (_, index) => `token-${index + 1}`);
    await using scene = await startScene("query", { ...ways["the query"]![1], refused });
    await until(() => scene.server.seen.length >= 3, 1_000);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert(scene.server.seen.length <= 5, `${scene.server.seen}`);
  },

  async "the connection that is replaced stays until the program has all its answers"() {
    const held = Promise.withResolvers<void>();
    let opened = 0;
    await using scene = await startScene("header", {
      onOpen(_, previous) {
        opened++;
        return previous ? held.promise : Promise.reject(new Error("changes nothing"));
      },
    });
    const { connection, server, authenticator } = scene;
    await until(() => opened === 1);
    const previous = connection.socket!;
    await authenticator.refreshCredentials();
    await until(() => opened === 2);
    previous.send("asked before");
    connection.send("asked after");
    await until(() => scene.answers.length === 2);
    assertEquals([server.countConnections(), previous.readyState], [2, 1]);
    held.resolve();
    await until(() => server.countConnections() === 1);
    assertEquals(connection.socket!.readyState, 1);
  },

  async "onOpen subscribes before messages that waited are sent, and may close the connection"() {
    for (const closes of [false, true]) {
      const seen: unknown[] = [];
      await using scene = await startScene("header", {
        onOpen(socket) {
          socket.send("subscribe");
          if (closes) scene.connection.close();
          else throw new Error("changes nothing");
        },
        onError: (error) => seen.push(error),
      });
      scene.connection.send("waited");
      const expected = closes ? ["subscribe"] : ["subscribe", "waited"];
      await until(() => scene.server.received.length === expected.length);
      assertEquals([scene.server.received, seen], [expected, []]);
    }
  },

  async "closed: permanently, with its connections and its wait for tokens"() {
    for (const isOpen of [true, false]) {
      await using scene = await startScene("header");
      if (isOpen) await until(() => scene.server.countConnections() === 1);
      assertThrows(() => scene.connection.close(1001), RangeError, "code must be 1000, or from 3000 to 4999");
      scene.connection.close();
      scene.connection.close();
      await until(() => scene.server.countConnections() === 0);
      assertEquals([scene.connection.socket, scene.countListeners()], [undefined, 0]);
      assertThrows(() => scene.connection.send("late"), TypeError, "Make another one.");
      await scene.authenticator.refreshCredentials();
      assertEquals([scene.server.countConnections(), scene.errors], [0, []]);
    }
  },

  async "a connection that doesn't open in time is given up; no token is an error, too"() {
    let closed = 0;
    const silent: Options = {
      timeout: 20,
      maxDelay: 20,
      connect() {
        const socket = new EventTarget();
        const close = () => void (closed++, socket.dispatchEvent(Object.assign(new Event("close"), { code: 1006 })));
        return Object.assign(socket, { readyState: 0, send() {}, close }) as unknown as WebSocketLike;
      },
    };
    await using scene = await startScene("header", silent);
    await until(() => closed >= 2);
    assertEquals(scene.errors[0]?.message, "Cannot open the WebSocket: it took too long.");
    // The server never confirms it.
    await using unconfirmed = await startScene("header", { timeout: 20, connect: () => new Promise(() => {}) });
    await until(() => unconfirmed.errors.length > 0);
    assertEquals(unconfirmed.errors[0]?.message, "Cannot open the WebSocket: it took too long.");
    const issue = () => Response.json({ error: "invalid_client" }, { status: 401 });
    await using refused = adapterScene({ issue });
    const errors: Error[] = [];
    const connection = reconnectingWebSocket(refused.authenticator, "/", { onError: (error) => errors.push(error) });
    await until(() => errors.length > 0);
    connection.close();
    assertEquals(errors[0]?.name, "AuthenticationError");
  },

  async "an authenticator that is closed closes it when it needs a token"() {
    const scene = adapterScene();
    await scene[Symbol.asyncDispose]();
    const errors: string[] = [];
    const connection = reconnectingWebSocket(scene.authenticator, "/", { onError: ({ name }) => errors.push(name) });
    await until(() => {
      try {
        connection.send("unsent");
        return false;
      } catch {
        return true;
      }
    });
    assertEquals(errors, ["AbortError"]);
  },

  async "an AbortError of connect is one failure like others"() {
    const connect = () => Promise.reject(new DOMException("The ticket took too long", "AbortError"));
    await using scene = await startScene("header", { connect, maxDelay: 1 });
    await until(() => scene.errors.length >= 2);
    scene.connection.send("isn't closed");
  },

  async "a connect that throws says nothing of the token, but by the code of a close"() {
    for (const [code, tokens] of [[undefined, 1], [1006, 1], [4401, 3]] as const) {
      const fails = () => Promise.reject(Object.assign(new Error("fails"), { code }));
      for (const connect of code ? [fails] : [fails, () => assert(false, "fails") as never]) {
        await using scene = await startScene("header", { connect, maxDelay: 1 });
        await until(() => scene.errors.length >= 3);
        assertEquals(scene.errors[0]?.message, "fails");
        assertEquals(Math.min(scene.tokens.length, 3), tokens, String(code));
      }
    }
  },

  async "a runtime whose WebSocket sends no headers: its error says so to onError, else to the console"() {
    const [own, ownReport] = [globalThis.WebSocket, console.error];
    await using scene = adapterScene();
    const errors: Error[] = [];
    const reported: Error[] = [];
    globalThis.WebSocket = class {
      constructor() {
        throw new DOMException("The subprotocol is invalid", "SyntaxError");
      }
    } as never;
    console.error = (error) => reported.push(error);
    try {
      for (const options of [{ onError: (error: Error) => errors.push(error) }, {}]) {
        const connection = reconnectingWebSocket(scene.authenticator, "/", options);
        await until(() => errors.length + reported.length > ("onError" in options ? 0 : 1));
        connection.close();
      }
    } finally {
      [globalThis.WebSocket, console.error] = [own, ownReport];
    }
    for (const [error] of [errors, reported]) {
      assert(error instanceof TypeError && /Give connect, which puts the token/.test(error.message), `${error}`);
    }
    assertEquals([errors.length, reported.length], [1, 1]);
  },

  async "messages that wait for a connection are limited in number"() {
    await using scene = adapterScene();
    const connect = () => new Promise<WebSocketLike>(() => {});
    for (const [most, options] of [[1_000, {}], [2, { maxUnsent: 2 }]] as const) {
      const connection = reconnectingWebSocket(scene.authenticator, "/", { connect, ...options });
      for (let sent = 0; sent < most; sent++) connection.send("waits");
      assertThrows(() => connection.send("late"), Error, `${most} messages wait for a connection. Wait for onOpen`);
      connection.close();
    }
  },

  async "a connection that is closed as soon as it is open is no connection, and messages wait for the next"() {
    const sent: unknown[] = [];
    const connect = () => {
      const readyState = sockets++ === 0 ? 3 : 1;
      return { readyState, send: (data: unknown) => void sent.push(data), close() {}, addEventListener: announce };
    };
    const announce = (type: string, listener: (event: object) => void) => void (type === "open" && listener({}));
    let sockets = 0;
    await using scene = await startScene("header", { connect, maxDelay: 1 });
    scene.connection.send("waits");
    await until(() => sent.length === 1);
    assertEquals([sockets, scene.errors.map(({ message }) => message)], [2, [
      "Cannot open the WebSocket: it was closed at once.",
    ]]);
  },

  async "a token that needs proofs isn't sent without"() {
    const issue = () => Response.json({ access_token: "planted", token_type: "DPoP", expires_in: 60 });
    await using scene = adapterScene({ issue, dpop: dpop() });
    const errors: Error[] = [];
    const connection = reconnectingWebSocket(scene.authenticator, "/", { onError: (error) => errors.push(error) });
    await until(() => errors.length > 0);
    connection.close();
    assert(/Use an authenticator without dpop/.test(errors[0]!.message), errors[0]!.message);
  },

  async "closed while it connects: what opens then is closed, and not used"() {
    await using scene = adapterScene();
    const { promise, resolve } = Promise.withResolvers<WebSocketLike>();
    const seen: string[] = [];
    const connect = () => (seen.push("connect"), promise);
    const onOpen = () => seen.push("open");
    const connection = reconnectingWebSocket(scene.authenticator, "/", { connect, onOpen });
    await until(() => seen.length === 1);
    connection.close();
    resolve({ readyState: 1, send() {}, addEventListener() {}, close: () => void seen.push("close") });
    await until(() => seen.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 10));
    assertEquals([seen, connection.socket], [["connect", "close"], undefined]);
  },

  async "the URL is at the endpoint's origin, and options are checked"() {
    await using scene = adapterScene({ endpoint: "https://api.test/v1/" });
    const urls: string[] = [];
    const connect = (url: string) => {
      urls.push(url);
      return new Promise<WebSocketLike>(() => {});
    };
    const inputs = ["events", "/events?a=b", "wss://api.test/x", "https://api.test/y", new URL("wss://api.test:443/z")];
    const opening = inputs.map((input) => reconnectingWebSocket(scene.authenticator, input, { connect }));
    await until(() => urls.length === inputs.length);
    for (const connection of opening) connection.close();
    const expected = ["v1/events", "events?a=b", "x", "y", "z"].map((path) => `wss://api.test/${path}`);
    assertEquals(urls, expected);
    for (const input of ["ws://api.test/", "wss://other.test/", "wss://api.test:8443/", "//other.test/", "http://["]) {
      assertThrows(() => reconnectingWebSocket(scene.authenticator, input), TypeError, "url must be at the origin");
    }
    for (const option of [{ connect: 1 }, { onMessage: 1 }, { isRejected: "x" }, { timeout: "1" }]) {
      const [name = ""] = Object.keys(option);
      assertThrows(
        () => reconnectingWebSocket(scene.authenticator, "/", option as never),
        TypeError,
        `${name} must be`,
      );
    }
  },
};

if (import.meta.main) await printFailures(cases);
