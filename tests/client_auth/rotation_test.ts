import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { ClientCredentialsAuthenticator, type ClientSecret, StaticClientConfigStore } from "@m2m/authenticator";
import { rotatingSecrets } from "@m2m/authenticator/client-auth/rotating-secrets";
import { secretFile } from "@m2m/authenticator/client-auth/secret-file";
import { type AuthorizationServer, startAuthorizationServer } from "../servers/authorization_server.ts";
import { startProtectedApi } from "../servers/protected_api.ts";

const [old, young] = ["the-old-secret", "the-young-secret"];

/** What happens at one moment of a rotation. */
type Step = () => void | Promise<void>;

/**
 * Calls an API without pause while the steps of a rotation are taken. After each the token is renewed twice, for the
 * client's clock is set ahead to its end: how fast the machine is doesn't matter. Every call must succeed; a step may
 * cost one refused token request at most.
 */
async function rotateUnderLoad(
  clientSecret: ClientSecret,
  steps: (server: AuthorizationServer) => readonly Step[],
): Promise<void> {
  const lifetime = 600;
  await using server = await startAuthorizationServer({
    clients: [{ client_id: "id", client_secret: old }],
    lifetime,
  });
  await using api = startProtectedApi({ ...server, audience: server.issuer });
  let ahead = 0;
  await using authenticator = new ClientCredentialsAuthenticator({
    endpoint: api.origin,
    clientId: "id",
    clientSecret,
    configStore: new StaticClientConfigStore({ tokenEndpoint: server.tokenEndpoint, scopes: ["api:read"] }),
    // Longer than the clock is set ahead: what was refused stays so.
    cooldown: 86_400_000,
    clock: { wall: () => Date.now() + ahead, monotonic: () => performance.now() + ahead },
  });
  const renewals = () => server.tokenRequests.filter(({ status }) => status === 200).length;
  let isOver = false;
  const failures: unknown[] = [];
  let calls = 0;
  const caller = async () => {
    while (!isOver) {
      try {
        const response = await authenticator.fetch("/");
        await response.body?.cancel();
        if (!response.ok) failures.push(response.status);
      } catch (error) {
        failures.push(error);
      }
      calls++;
    }
  };
  const callers = Array.from({ length: 8 }, caller);
  const taken = [() => {}, ...steps(server)];
  try {
    for (const step of taken) {
      await step();
      for (let renewal = 0; renewal < 2; renewal++) {
        const before = renewals();
        ahead += lifetime * 1_000;
        for (let waits = 0; waits < 2_000 && renewals() === before; waits++) await pause(10);
        assertGreater(renewals(), before, "no token was renewed after a step");
      }
    }
  } finally {
    isOver = true;
    await Promise.all(callers);
  }

  assertEquals(failures, []);
  assertGreater(calls, taken.length);
  const refused = server.tokenRequests.filter(({ status }) => status === 401).length;
  assertLess(refused, taken.length);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

Deno.test("a secret in a file is replaced under load while the server knows both: no call fails", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/secret`;
  await Deno.writeTextFile(path, `${old}\n`);
  try {
    await rotateUnderLoad(secretFile(path), (server) => [
      () => void server.acceptedSecrets.set("id", [old, young]),
      async () => {
        await Deno.writeTextFile(`${path}.new`, `${young}\n`);
        await Deno.rename(`${path}.new`, path);
      },
      () => void server.acceptedSecrets.set("id", [young]),
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a secret that changes at both ends at once is looked up again under load: no call fails", async () => {
  let secret = old;
  await rotateUnderLoad(() => secret, (server) => [
    () => {
      server.acceptedSecrets.set("id", [young]);
      secret = young;
    },
  ]);
});

Deno.test("of two secrets the client may know the new one before the server does: no call fails", async () => {
  let known = [old];
  const secrets = rotatingSecrets([() => known[0]!, () => known[1] ?? ""]);
  await rotateUnderLoad(secrets, (server) => [
    () => void (known = [young, old]),
    () => void server.acceptedSecrets.set("id", [old, young]),
    () => void server.acceptedSecrets.set("id", [young]),
    () => void (known = [young]),
  ]);
});

Deno.test("of two secrets the server may know the new one before the client does: no call fails", async () => {
  let known = [old];
  const secrets = rotatingSecrets([() => known[0]!, () => known[1] ?? ""]);
  await rotateUnderLoad(secrets, (server) => [
    () => void server.acceptedSecrets.set("id", [old, young]),
    () => void (known = [young, old]),
    () => void server.acceptedSecrets.set("id", [young]),
    () => void (known = [young]),
  ]);
});

Deno.test("the secret used last stays in use until it is refused or gone", async () => {
  let known = ["a", "b"];
  const secrets = rotatingSecrets([() => known[0] ?? "", () => known[1] ?? ""]);
  const chosen = async (refused?: string) => await secrets(refused === undefined ? undefined : { refused });

  assertEquals(await chosen(), "a");
  assertEquals(await chosen("a"), "b");
  assertEquals(await chosen(), "b");
  // Another request was refused with the same old one in the meantime.
  assertEquals(await chosen("a"), "b");
  known = ["c", "b"];
  assertEquals(await chosen(), "b");
  known = ["c"];
  assertEquals(await chosen(), "c");
  // There is no other: the server gets no second request.
  assertEquals(await chosen("c"), "c");
});

Deno.test("of three secrets each is tried before one is tried again", async () => {
  const secrets = rotatingSecrets(["a", "b", "c"]);
  const sent: string[] = [];
  for (let refused: string | undefined; sent.length < 7; refused = sent.at(-1)!) sent.push(await secrets({ refused }));

  assertEquals(sent.join(""), "abcabca");
});

Deno.test("a secret that is given twice isn't sent twice: the next one is another", async () => {
  const secrets = rotatingSecrets(["a", () => "a", "b"]);

  assertEquals(await secrets(), "a");
  assertEquals(await secrets({ refused: "a" }), "b");
  assertEquals(await secrets(), "b");
});

Deno.test("nobody is asked for a secret that isn't needed: it may never come", async () => {
  const asked: number[] = [];
  const never = () => (asked.push(2), new Promise<string>(() => {}));
  const secrets = rotatingSecrets([() => (asked.push(0), "a"), () => (asked.push(1), "b"), never]);

  assertEquals(await secrets(), "a");
  assertEquals(await secrets({ refused: "a" }), "b");
  assertEquals(await secrets({ refused: "a" }), "b");
  assertEquals(asked, [0, 0, 1, 1]);
});

Deno.test("what changes where the secret used last came from is used at once", async () => {
  let current = "a";
  const secrets = rotatingSecrets([() => current, "b"]);

  assertEquals(await secrets(), "a");
  current = "c";
  assertEquals(await secrets(), "c");
  assertEquals(await secrets({ refused: "c" }), "b");
});

Deno.test("a secret that can't be had is passed over while there is another", async () => {
  const gone = () => Promise.reject(new Error("no such file"));

  assertEquals(await rotatingSecrets([gone, "b"])(), "b");
  assertEquals(await rotatingSecrets([() => "", "b"])(), "b");
  let error: unknown;
  await rotatingSecrets([gone, () => ""])().catch((reason) => error = reason);
  assert(error instanceof Error && error.message === "no such file");
});

Deno.test("what can't be secrets is told at once", () => {
  for (const secrets of [undefined, [], "secret", [""], [7]]) {
    assertThrows(() => rotatingSecrets(secrets as ClientSecret[]), TypeError, "secret");
  }
});
