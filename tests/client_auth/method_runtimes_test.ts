import { assertEquals, assertFalse, assertGreater } from "@std/assert";
import { testOnEveryRuntime } from "../runtimes/every_runtime.ts";
import { noteTried } from "../runtimes/tried_methods.ts";
import { makeRows, tryEveryMethod } from "./method_program.ts";
import { type MethodStage, setMethodStage } from "./method_stage.ts";

const program = {
  run: tryEveryMethod,
  script: new URL("method_script.ts", import.meta.url),
  worker: new URL("method_worker.ts", import.meta.url),
};

/** Checks the parameters that the server received and ignored. */
function checkRequests({ server }: MethodStage): void {
  const find = (name: string) => server.tokenRequests.filter(({ parameters }) => name in parameters);
  const [asked] = find("organization");
  assertEquals([asked?.parameters.organization, asked?.parameters.hint], ["org_7", ["a", "b"]]);
  const [customized] = find("customized");
  assertEquals([customized?.parameters.customized, customized?.headerNames.includes("x-gateway-key")], ["yes", true]);
  const resources = find("resource").map(({ parameters }) => [parameters.resource].flat().length);
  assertEquals(resources.toSorted(), [1, 1, 2]);
}

await testOnEveryRuntime("getCredentials: every method works; its errors show no secret;", program, async (
  run,
  runtime,
) => {
  await using stage = await setMethodStage();
  const rows = makeRows(stage.input);

  const output = await run(stage.input);

  assertEquals(Object.keys(output), Object.keys(rows));
  checkRequests(stage);
  const secrets = stage.secrets();
  assertGreater(secrets.length, 50);
  const failures = Object.entries(rows).flatMap(([name, [, expected, attempts]]) => {
    try {
      const { accepted, refused } = output[name]!;
      assertEquals(accepted, expected);
      assertEquals(Object.keys(refused), Object.keys(attempts));
      for (const [what, refusal] of Object.entries(refused)) {
        if (refusal === "nothing") throw new Error(`${what} was accepted`);
        assertEquals(refusal.error, attempts[what]![0], what);
        for (const secret of [...secrets, refusal.token ?? "planted"]) {
          assertFalse(refusal.printed.includes(secret), `${what}: a secret shows: ${refusal.printed}`);
        }
      }
      noteTried(runtime, "methods", [name]);
      return [];
    } catch (error) {
      return [`${name}: ${(error as Error).message}`];
    }
  });
  assertEquals(failures, []);
});
