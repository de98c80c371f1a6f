import { assert, assertEquals, assertFalse, assertGreater } from "@std/assert";
import { testOnEveryRuntime } from "../runtimes/every_runtime.ts";
import { noteTried } from "../runtimes/tried_methods.ts";
import { type ProgramOutput, tryEveryMethod } from "./method_program.ts";
import { type MethodStage, setMethodStage } from "./method_stage.ts";

const program = {
  run: tryEveryMethod,
  script: new URL("method_script.ts", import.meta.url),
  worker: new URL("method_worker.ts", import.meta.url),
};

const refused = (status: number, error: string) =>
  ["AuthenticationError", "token_request_rejected", status, error, false] as const;
const unsent = (code: string) => ["AuthenticationError", code, 0, "", false] as const;
const badClient = refused(401, "invalid_client");
const badTarget = refused(400, "invalid_target");
const boundTo = ["DPoP", 200, 401, 401];

/** What is to come of each row: what is accepted, and why is refused what. */
const expected: Readonly<Record<string, readonly [accepted: unknown, refused: Readonly<Record<string, unknown>>]>> = {
  "`client_secret_basic`, a secret of any characters": [200, { "another secret": badClient }],
  '`client_secret_basic`, `basicEncoding: "raw"`': [200, {
    "a secret that is read otherwise": refused(400, "invalid_request"),
  }],
  "`client_secret_post`": [200, { "another secret": badClient }],
  "`client_secret_jwt`": [200, { "another secret": badClient, "another algorithm": badClient }],
  "`private_key_jwt`": [200, {
    "another key": badClient,
    "another audience": badClient,
    "a stale assertion": badClient,
  }],
  "a ready assertion": [200, { "the same once more": badClient }],
  "`none`": [200, { "a client that has a secret": badClient }],
  "a secret that is being replaced": [[200, false, true], { "two wrong ones": badClient }],
  "`audience`": [200, { "an unknown one": badTarget }],
  "`resource`, one": [200, { "an unknown one": badTarget }],
  "`resource`, two": [undefined, { both: badTarget }],
  "`parameters`, once and repeated": [200, {}],
  "`authorizationDetails`": [[200, [{ type: "payment", amount: "7" }]], {
    "an unknown type": refused(400, "invalid_authorization_details"),
  }],
  "`beforeTokenRequest`": [200, {
    "it takes the proof away": refused(400, "invalid_request"),
    "it throws": unsent("client_auth_unavailable"),
  }],
  "`with()`, two audiences": [[200, 200, true], { "an unknown one": badTarget }],
  "discovery, and the methods it names": [200, { "a method that isn't named": unsent("invalid_config") }],
  "revocation by `close()`": [[200, 401], { "an endpoint that is none": refused(400, "invalid_request") }],
  "DPoP": [boundTo, { "a stale proof": refused(400, "invalid_dpop_proof"), "no proof": refused(400, "invalid_grant") }],
  "DPoP, where server and API want nonces": [boundTo, { "no proof": refused(400, "invalid_grant") }],
  "JWT bearer": [[200, "ada"], { "another key": refused(400, "invalid_grant") }],
  "token exchange": [[200, "ada"], { "a token of nobody's": refused(400, "invalid_request") }],
};

/** Fails if a row isn't as it should be, or shows what it shouldn't. */
function judge(row: string, output: ProgramOutput, secrets: readonly string[]): void {
  const outcome = output[row];
  assert(outcome, "it wasn't run");
  const errors = Object.entries(outcome.refused).map(([what, each]) => [what, each === "nothing" ? each : each.error]);
  assertEquals([outcome.accepted, Object.fromEntries(errors)], [...expected[row]!]);
  for (const [what, each] of Object.entries(outcome.refused)) {
    if (each === "nothing") continue;
    for (const secret of [...secrets, each.token ?? "planted"]) {
      assertFalse(each.printed.includes(secret), `${what}: a secret shows: ${each.printed}`);
    }
  }
}

/** What arrived of that which the server doesn't heed. */
function assertArrived({ server }: MethodStage): void {
  const arrived = (name: string) => server.tokenRequests.filter(({ parameters }) => name in parameters);
  const [asked] = arrived("organization");
  assertEquals([asked?.parameters.organization, asked?.parameters.hint], ["org_7", ["a", "b"]]);
  const [customized] = arrived("customized");
  assertEquals([customized?.parameters.customized, customized?.headerNames.includes("x-gateway-key")], ["yes", true]);
  const resources = arrived("resource").map(({ parameters }) => [parameters.resource].flat().length);
  assertEquals(resources.toSorted(), [1, 1, 2]);
}

await testOnEveryRuntime("every method gets a token, and what is wrong is refused and shown nowhere,", program, async (
  run,
  runtime,
) => {
  await using stage = await setMethodStage();

  const output = await run(stage.input);

  assertEquals(Object.keys(output).sort(), Object.keys(expected).sort());
  assertArrived(stage);
  const secrets = stage.secrets();
  assertGreater(secrets.length, 50);
  const failures = Object.keys(expected).flatMap((row) => {
    try {
      judge(row, output, secrets);
      noteTried(runtime, "methods", [row]);
      return [];
    } catch (error) {
      return [`${row}: ${(error as Error).message}`];
    }
  });
  assertEquals(failures, []);
});
