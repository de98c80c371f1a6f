import { assert, assertEquals, assertFalse, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import {
  AuthenticationError,
  type ClientCredentialsAuthenticatorOptions,
  clientSecretBasic,
  clientSecretPost,
  getToken,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { dpop } from "@m2m/authenticator/dpop";
import { JwtBearerAuthenticator, type JwtBearerAuthenticatorOptions } from "@m2m/authenticator/grant/jwt-bearer";
import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
import { decodeJwt } from "jose";
import { join } from "node:path";
import { authenticatorAt, besideApi } from "../authenticator_at.ts";
import { testKey } from "../client_auth/signing_keys.ts";
import { json } from "../faults/behaviours.ts";
import { bundle } from "../runtimes/bundle.ts";
import { testOnPrograms } from "../runtimes/every_runtime.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { startFaultServer } from "../servers/fault_server.ts";
import { tokenEndpointStub, usualAnswer } from "../servers/token_endpoint_stub.ts";

const { cryptoKey } = await testKey("ES256");
const issued = json({ access_token: "a", token_type: "Bearer", expires_in: 60 });

Deno.test("getToken: a fetch of the caller's gets the URL, without a secret, and the form as text", async () => {
  const methods = [clientSecretBasic("secret"), clientSecretPost("secret"), clientSecretJwt("secret")];
  const seen: unknown[] = [];
  for (const clientAuth of [...methods, privateKeyJwt(cryptoKey)]) {
    await getToken("https://auth.test/token?tenant=7", {
      ...{ clientId: "id", clientAuth },
      beforeTokenRequest: ({ body }) => void seen.push(body instanceof URLSearchParams),
      fetch: (input, init) => (seen.push(String(input), typeof init?.body), Promise.resolve(usualAnswer(1))),
    });
  }
  assertEquals(seen, Array(4).fill([true, "https://auth.test/token?tenant=7", "string"]).flat());
});

const frozen = new URL("frozen_program.ts", import.meta.url);
async function checkFrozen(executable: string, ...flags: string[]): Promise<void> {
  await using folder = await temporaryFolder("frozen_");
  const file = join(folder.path, "frozen.mjs");
  await Deno.writeTextFile(file, await bundle(frozen));
  // It answers while the program is frozen beyond its deadline; the second and fourth time, long after the deadline.
  await using server = await startFaultServer(() => {
    if (server.requests.length % 2 === 0) return { ...issued, steps: [{ wait: 2_000 }, ...issued.steps] };
    child.kill("SIGSTOP");
    setTimeout(() => child.kill("SIGCONT"), 1_000);
    return issued;
  });
  const args = [...flags, file, `${server.origin}/token`];
  const child = new Deno.Command(executable, { args, stdout: "piped", stderr: "piped" }).spawn();
  const { stdout, stderr } = await child.output();
  const [result, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  assertEquals(result, "a timeout a timeout", errors);
}
if (Deno.build.os !== "windows") {
  Deno.test("a frozen process: the answer in the socket counts, not the timer on Deno", async () => {
    await checkFrozen(Deno.execPath(), "run", "--quiet", "--allow-net=127.0.0.1");
  });
  await testOnPrograms("a frozen process: the answer in the socket counts, not the timer", async (executable) => {
    await checkFrozen(executable);
  });
}

const assertion = (options = {}) => signedAssertion(cryptoKey, { iss: "a", audience: "b", ...options });
type Signed = Partial<ClientCredentialsAuthenticatorOptions & Pick<JwtBearerAuthenticatorOptions, "assertion">>;
/** The requests that are signed by a clock, and the code by which they are refused. */
const signed: Readonly<Record<string, readonly [options: Signed, status: number, error?: string]>> = {
  "privateKeyJwt": [{ clientAuth: privateKeyJwt(cryptoKey) }, 401, "invalid_client"],
  "clientSecretJwt": [{ clientAuth: clientSecretJwt("secret") }, 400, "invalid_client"],
  "signedAssertion": [{ assertion: assertion() }, 400, "invalid_grant"],
  "dpop": [{ dpop: dpop() }, 400, "invalid_dpop_proof"],
  "dpop, without a code": [{ dpop: dpop() }, 403],
};

/** The error's message of a request to a server whose clock differs by so much, in seconds. */
async function refuse({ assertion, ...options }: Signed, offset: number, status: number, error?: string) {
  const date = new Date(Date.now() + offset * 1_000).toUTCString();
  const stub = tokenEndpointStub(() => Response.json(error ? { error } : {}, { status, headers: { date } }));
  const configStore = new StaticClientConfigStore({ tokenEndpoint: stub.url });
  const common = { endpoint: "https://api.test", fetch: stub.fetch, configStore, retry: { maxAttempts: 1 } };
  const authenticator = assertion
    ? new JwtBearerAuthenticator({ ...common, assertion })
    : authenticatorAt(stub, { ...common, ...options });
  const refused = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
  assertEquals([refused.error, refused.status], [error, status]);
  assert(refused.stack!.includes(refused.message));
  return refused.message;
}

for (const [what, [options, ...answer]] of Object.entries(signed)) {
  Deno.test(`${what}: a refusal names the clock's difference, if it is over 5 seconds`, async () => {
    for (const offset of [-3_600, -120, -10, 10, 120]) {
      const message = await refuse(options, offset, ...answer);
      const [, seconds, direction] = /clock is ([\d,]+) seconds (ahead of|behind) the server's/.exec(message)!;
      assertEquals(direction, offset < 0 ? "ahead of" : "behind");
      assertLess(Math.abs(Number(seconds!.replace(",", "")) - Math.abs(offset)), 3);
    }
    for (const offset of [-3, 0, 4]) assertFalse(/clock/.test(await refuse(options, offset, ...answer)));
  });
}

Deno.test("a refusal says nothing of clocks where they can't be why, or nothing is signed", async () => {
  const [options] = signed.privateKeyJwt!;
  const unsigned = await refuse({}, -120, 401, "invalid_client");
  for (
    const message of [await refuse(options, -120, 400, "invalid_scope"), await refuse(options, -120, 503), unsigned]
  ) {
    assertFalse(/clock/.test(message));
  }
});

Deno.test("a refusal names the difference of the clock that signed", async () => {
  const clock = { wall: () => Date.now() + 120_000 };
  const clientAuth = privateKeyJwt(cryptoKey, { clock });
  for (const options of [{ clientAuth }, { assertion: assertion({ clock }) }, { dpop: dpop({ clock }) }]) {
    assertStringIncludes(await refuse(options, 0, 400, "invalid_client"), "seconds ahead of");
  }
});

Deno.test("dpop: proofs are dated back by 5 seconds, or by clockSkew", async () => {
  const clock = { wall: () => 1_700_000_010_999 };
  for (const [clockSkew, iat] of [[undefined, 1_700_000_005], [0, 1_700_000_010], [10_000, 1_700_000_000]] as const) {
    const proof = await dpop({ clock, clockSkew }).proof({ method: "GET", url: "https://api.test/" });
    assertEquals(decodeJwt(proof).iat, iat);
  }
});

/** Runs work without some of the runtime's own. */
async function without(names: readonly (readonly [owner: object, name: string])[], work: () => unknown) {
  const descriptors = names.map(([owner, name]) => Object.getOwnPropertyDescriptor(owner, name)!);
  for (const [owner, name] of names) assert(Reflect.deleteProperty(owner, name), name);
  try {
    await work();
  } finally {
    for (const [index, [owner, name]] of names.entries()) Object.defineProperty(owner, name, descriptors[index]!);
  }
}

/** Built-ins of 2022 and later, and those that single engines lack. */
const newer = ([
  [URL, ["canParse", "parse"]],
  [AbortSignal, ["any", "timeout"]],
  [Promise, ["withResolvers", "try"]],
  [Object, ["groupBy"]],
  [Array.prototype, ["toSorted", "toReversed", "toSpliced", "with", "findLast", "findLastIndex"]],
  [Response.prototype, ["clone"]],
  [globalThis, ["navigator", "caches", "WeakRef", "FinalizationRegistry", "BroadcastChannel"]],
] as const).flatMap(([owner, names]) => names.map((name) => [owner, name] as const))
  .filter(([owner, name]) => Object.hasOwn(owner, name));

Deno.test("the core needs no built-in of the last years", async () => {
  const stub = tokenEndpointStub();
  await without(newer, async () => {
    const fetch = besideApi(stub, () => new Response("fine"));
    const authenticator = authenticatorAt(stub, { resource: "https://api.test/", fetch });
    assertEquals(await (await authenticator.fetch("/x")).text(), "fine");
    await assertRejects(
      () => getToken("no URL", { clientId: "id", clientSecret: "s" }),
      TypeError,
      "tokenEndpoint must be an absolute URL",
    );
  });
});

const { pem } = await testKey("ES256");
const lacks: Readonly<Record<string, readonly [name: string, options: Signed]>> = {
  "dpop without generateKey": ["generateKey", { dpop: dpop() }],
  "dpop without digest": ["digest", { dpop: dpop() }],
  "privateKeyJwt without importKey": ["importKey", { clientAuth: privateKeyJwt(pem) }],
  "privateKeyJwt without digest": ["digest", { clientAuth: privateKeyJwt(pem) }],
  "clientSecretJwt without sign": ["sign", { clientAuth: clientSecretJwt("secret") }],
};
for (const [what, [name, options]] of Object.entries(lacks)) {
  Deno.test(`${what}: the error names what the runtime lacks`, async () => {
    const authenticator = authenticatorAt(tokenEndpointStub(), options);
    await without([[SubtleCrypto.prototype, name]], async () => {
      const message = `this runtime lacks crypto.subtle.${name}.`;
      await assertRejects(() => authenticator.getCredentials(), AuthenticationError, message);
    });
  });
}
