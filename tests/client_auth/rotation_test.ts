import { assertEquals, assertGreater, assertLess, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { ClientCredentialsAuthenticator, type ClientSecret, StaticClientConfigStore } from "@m2m/authenticator";
import { rotatingSecrets } from "@m2m/authenticator/client-auth/rotating-secrets";
import { secretFile } from "@m2m/authenticator/client-auth/secret-file";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { startPlace } from "./place.ts";
import { getStatus } from "./refusal.ts";

const [old, young] = ["the-old-secret", "the-new-secret"];

/** A rotation's steps, each for the server's secrets or the client's. */
type Steps = readonly (readonly [server: string[] | undefined, client?: () => unknown])[];

/**
 * Calls an API without pause during a rotation. After each step the token is refreshed twice, by a clock set ahead.
 * Every call must succeed; a step may cost one refused token request.
 */
async function rotateUnderLoad(clientSecret: ClientSecret, steps: Steps): Promise<void> {
  const lifetime = 600;
  await using place = await startPlace({ clients: [{ client_id: "id", client_secret: old }], lifetime });
  const { server, api } = place;
  let ahead = 0;
  await using authenticator = new ClientCredentialsAuthenticator({
    endpoint: api.origin,
    clientId: "id",
    clientSecret,
    configStore: new StaticClientConfigStore({ tokenEndpoint: server.tokenEndpoint, scopes: ["api:read"] }),
    // Longer than the clock is set ahead.
    cooldown: 86_400_000,
    clock: { wall: () => Date.now() + ahead, monotonic: () => performance.now() + ahead },
  });
  const count = (wanted: number) => server.tokenRequests.filter(({ status }) => status === wanted).length;
  let isOver = false;
  const outcomes = new Set<unknown>();
  const callers = Array.from({ length: 8 }, async () => {
    while (!isOver) outcomes.add(await getStatus(authenticator.fetch("/")).catch((error) => error));
  });
  try {
    for (const [accepted, change] of [[undefined] as const, ...steps]) {
      if (accepted) server.acceptedSecrets.set("id", accepted);
      await change?.();
      for (let refresh = 0; refresh < 2; refresh++) {
        const before = count(200);
        ahead += lifetime * 1_000;
        for (let waits = 0; waits < 2_000 && count(200) === before; waits++) {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        assertGreater(count(200), before, "no token was issued after a step");
      }
    }
  } finally {
    isOver = true;
    await Promise.all(callers);
  }
  assertEquals([...outcomes], [200]);
  assertLess(count(401), steps.length + 1);
}

let current: string[] = [];
/** Changes the client's secrets. */
const know = (...secrets: string[]) => () => current = secrets;
const [first, second] = [() => current[0] ?? "", () => current[1] ?? ""];

const rotations: Readonly<Record<string, (path: string) => Parameters<typeof rotateUnderLoad>>> = {
  "in a file, while the server knows both": (path) => {
    // A kubelet replaces the file, so that it is never half written.
    const replace = async () => {
      await Deno.writeTextFile(`${path}.new`, `${young}\n`);
      await Deno.rename(`${path}.new`, path);
    };
    return [secretFile(path), [[[old, young]], [undefined, replace], [[young]]]];
  },
  "at both ends at once": () => [first, [[[young], know(young)]]],
  "at the client first": () => [
    rotatingSecrets([first, second]),
    [[undefined, know(young, old)], [[old, young]], [[young]], [undefined, know(young)]],
  ],
  "at the server first": () => [
    rotatingSecrets([first, second]),
    [[[old, young]], [undefined, know(young, old)], [[young]], [undefined, know(young)]],
  ],
};
for (const [how, make] of Object.entries(rotations)) {
  Deno.test(`fetch: no call fails under load while the secret is replaced ${how}`, async () => {
    await using folder = await temporaryFolder("rotation_");
    const path = join(folder.path, "secret");
    await Deno.writeTextFile(path, `${old}\n`);
    current = [old];
    await rotateUnderLoad(...make(path));
  });
}

const gone = () => Promise.reject(new Error("no such file"));

/** Each look-up: the secret refused before, if any, the one returned, and the secrets known from then on. */
type LookUps = readonly (readonly [refused: string | undefined, returned: string, then?: string[]])[];
const keep: LookUps = [
  [undefined, "a"],
  ["a", "b"],
  [undefined, "b"],
  // Another request was refused with the old one.
  ["a", "b", ["c", "b"]],
  [undefined, "b", ["c"]],
  [undefined, "c"],
  // There is no other.
  ["c", "c"],
];
const inTurn = ["a", "b", "c", "a", "b", "c"].map((refused, i) => [refused, "bcabca"[i]!] as const);
const choices: readonly [what: string, secrets: ClientSecret[], lookUps: LookUps][] = [
  ["keeps the last used secret until it is refused or gone", [first, second], keep],
  ["tries each of three before one again", ["a", "b", "c"], [[undefined, "a"], ...inTurn]],
  ["doesn't send a secret given twice again", ["a", () => "a", "b"], [[undefined, "a"], ["a", "b"], [undefined, "b"]]],
  ["uses a change of the last used at once", [first, "b"], [[undefined, "a", ["c"]], [undefined, "c"], ["c", "b"]]],
  ["skips a secret that can't be looked up", [gone, "b"], [[undefined, "b"]]],
  ["skips an empty secret", [() => "", "b"], [[undefined, "b"]]],
];
for (const [what, given, lookUps] of choices) {
  Deno.test(`rotatingSecrets: ${what}`, async () => {
    current = ["a", "b"];
    const secrets = rotatingSecrets(given);
    for (const [refused, returned, then] of lookUps) {
      assertEquals(await secrets(refused === undefined ? undefined : { refused }), returned);
      current = then ?? current;
    }
  });
}

Deno.test("rotatingSecrets: doesn't look up a secret that isn't needed", async () => {
  const asked: number[] = [];
  const never = () => (asked.push(2), new Promise<string>(() => {}));
  const secrets = rotatingSecrets([() => (asked.push(0), "a"), () => (asked.push(1), "b"), never]);

  assertEquals([await secrets(), await secrets({ refused: "a" }), await secrets({ refused: "a" })], ["a", "b", "b"]);
  assertEquals(asked, [0, 0, 1, 1]);
});

Deno.test("rotatingSecrets: throws the first error if there is no secret, and refuses invalid secrets", async () => {
  await assertRejects(() => rotatingSecrets([gone, () => ""])(), Error, "no such file");
  for (const secrets of [undefined, [], "secret", [""], [7]]) {
    assertThrows(() => rotatingSecrets(secrets as ClientSecret[]), TypeError, "secret");
  }
});
