/** Tokens for a real mail server, which asks about each: IMAP by imapflow, submission by nodemailer. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { decodeBase64 } from "@std/encoding/base64";
import {
  connectImap,
  nodemailerProvision,
  oauthBearerResponse,
  xoauth2Response,
} from "@m2m/authenticator/adapters/xoauth2";
import { createConnection } from "node:net";
import os from "node:os";
import type { ImapFlow as Imap } from "npm:imapflow@2.10.2";
import { createTransport } from "npm:nodemailer@10.6.1";
import { testsOn } from "../runtimes/tests_on.ts";
import { findDovecot, startDovecot } from "../servers/dovecot.ts";
import { host } from "../servers/loopback.ts";
import { adapterScene } from "./adapter_scene.ts";

// imapflow's logger asks for the machine's name, which tests may not.
os.hostname = () => "localhost";
const { ImapFlow } = await import("npm:imapflow@2.10.2");

// Clients keep sockets and timers for a moment after they are closed.
const testOnDovecot = await testsOn("Dovecot", findDovecot, { sanitizeOps: false, sanitizeResources: false });
const user = "robot@example.com";

/** A mail server, and an authenticator whose tokens it takes but for the refused ones. */
async function startScene(refused: readonly string[] = []) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startDovecot(user));
  const scene = stack.use(adapterScene({ issue: (token) => refused.includes(token) || server.accept(token) }));
  const started = stack.move();
  return {
    ...scene,
    server,
    makeClient(accessToken: string) {
      const client = new ImapFlow({
        host,
        port: server.imapPort,
        secure: false,
        auth: { user, accessToken },
        logger: false,
      });
      client.on("error", () => {});
      return client;
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function countMessages(client: Imap): Promise<number | undefined> {
  const status = await client.status("INBOX", { messages: true });
  return status ? status.messages : undefined;
}

testOnDovecot("connectImap: each connection has a live token, and a refused one is refreshed", async () => {
  await using scene = await startScene(["token-1"]);
  const { authenticator, server } = scene;
  const first = await connectImap(authenticator, scene.makeClient);
  await first.append("INBOX", "Subject: one\r\n\r\nbody\r\n");

  // The token ends while the connection is open, which goes on; the next one is refused with it, and has another.
  server.end("token-2");
  assertEquals(await countMessages(first), 1);
  await first.logout();
  const second = await connectImap(authenticator, scene.makeClient);
  assertEquals(await countMessages(second), 1);
  second.close();
  assertEquals(server.asked, ["token-1", "token-2", "token-2", "token-3"]);
});

testOnDovecot("connectImap: refused twice, the client's error is the caller's, without a token", async () => {
  await using scene = await startScene(["token-1", "token-2"]);
  const error = await assertRejects(() => connectImap(scene.authenticator, scene.makeClient), Error) as Error & {
    authenticationFailed: boolean;
    oauthError: { status: string };
  };
  assertEquals([error.authenticationFailed, error.oauthError.status, scene.tokens.length], [true, "invalid_token", 2]);
  assert(!Deno.inspect(error, { depth: 9 }).includes("token-"));
  const fails = () => ({ connect: () => Promise.reject(new Error("another reason")) });
  await assertRejects(() => connectImap(scene.authenticator, fails), Error, "another reason");
  await assertRejects(() => connectImap(scene.authenticator, undefined as never), TypeError, "makeClient must be");
});

testOnDovecot("nodemailerProvision: each connection has a live token, and a refused one is refreshed", async () => {
  await using scene = await startScene(["token-1"]);
  const { authenticator, server } = scene;
  const provisionCallback = nodemailerProvision(authenticator);
  for (const pool of [false, true]) {
    const settings = { host, port: server.smtpPort, secure: false, ignoreTLS: true, pool };
    const transport = createTransport({ ...settings, auth: { type: "OAuth2", user, provisionCallback } } as object);
    const send = (subject: string) => transport.sendMail({ from: user, to: "you@example.com", subject, text: "body" });
    await send(`one ${pool}`);
    server.end(`token-${scene.tokens.length}`);
    transport.close();
    const again = createTransport({ ...settings, auth: { type: "OAuth2", user, provisionCallback } } as object);
    await again.sendMail({ from: user, to: "you@example.com", subject: `two ${pool}`, text: "body" });
    again.close();
  }
  const subjects = server.submitted.map((text) => /^Subject: (.*)$/m.exec(text)?.[1]);
  assertEquals(subjects, ["one false", "two false", "one true", "two true"]);
  assertEquals(scene.tokens.length, 4);

  await using refusing = await startScene(["token-1", "token-2"]);
  const settings = { host, port: refusing.server.smtpPort, ignoreTLS: true };
  const auth = { type: "OAuth2", user, provisionCallback: nodemailerProvision(refusing.authenticator) };
  const transport = createTransport({ ...settings, auth } as object);
  const error = await assertRejects(() => transport.verify(), Error) as Error & { code: string; responseCode: number };
  assertEquals([error.code, error.responseCode, refusing.tokens.length], ["EAUTH", 535, 2]);
  assert(!Deno.inspect(error, { depth: 9 }).includes("token-"));
  transport.close();
});

/** Authenticates by hand; gives the server's last answer. */
async function authenticate(port: number, mechanism: string, response: string): Promise<string> {
  const socket = createConnection(port, host);
  let answered = "";
  for await (const data of socket) {
    answered += data;
    if (/^\* OK .*\r\n$/.test(answered)) socket.write(`a AUTHENTICATE ${mechanism} ${response}\r\n`);
    else if (/\r\na (OK|NO|BAD) .*\r\n$/.test(answered)) socket.end();
  }
  return /\r\na (OK|NO|BAD)/.exec(answered)?.[1] ?? answered;
}

testOnDovecot("xoauth2Response and oauthBearerResponse: the server takes them", async () => {
  await using server = await startDovecot(user);
  server.accept("a-token");
  const place = { host, port: server.imapPort };
  const cases = [
    ["XOAUTH2", xoauth2Response("a-token", { user })],
    ["OAUTHBEARER", oauthBearerResponse("a-token", { user, ...place })],
    ["OAUTHBEARER", oauthBearerResponse("a-token", { user })],
  ] as const;
  for (const [mechanism, response] of cases) assertEquals(await authenticate(place.port, mechanism, response), "OK");
});

Deno.test("xoauth2Response and oauthBearerResponse: their fields, and what would break out of one", () => {
  const read = (response: string) => new TextDecoder().decode(decodeBase64(response)).replaceAll("\x01", "|");
  assertEquals(read(xoauth2Response("t", { user: "é@example.com" })), "user=é@example.com|auth=Bearer t||");
  // The example of RFC 7628 §4.1.
  const token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
  assertEquals(
    oauthBearerResponse(token, { user: "user@example.com", host: "server.example.com", port: 143 }),
    "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI" +
      "HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB",
  );
  assertEquals(read(oauthBearerResponse("t", { user: "a,b=c" })), "n,a=a=2Cb=3Dc,|auth=Bearer t||");
  assertEquals(read(oauthBearerResponse("t")), "n,,|auth=Bearer t||");
  const secret = "s3cret\x01auth=Bearer other";
  for (
    const make of [
      () => xoauth2Response(secret, { user }),
      () => xoauth2Response("t", { user: secret }),
      () => xoauth2Response("t", { user: "" }),
      () => oauthBearerResponse("t", { user: secret }),
      () => oauthBearerResponse("t", { host: secret }),
      () => oauthBearerResponse(undefined as never),
      () => nodemailerProvision(undefined as never),
    ]
  ) assert(!(assertThrows(make, TypeError, " must be ") as Error).message.includes("s3cret"));
  assertThrows(() => oauthBearerResponse("t", { port: 70_000 }), RangeError, "port must be");
});

Deno.test("nodemailerProvision: no token is nodemailer's error", async () => {
  await using scene = adapterScene({ issue: () => Response.json({ error: "invalid_client" }, { status: 401 }) });
  const { promise, resolve } = Promise.withResolvers<Error | null>();
  nodemailerProvision(scene.authenticator)(user, false, resolve);
  assertEquals((await promise)?.name, "AuthenticationError");
});
