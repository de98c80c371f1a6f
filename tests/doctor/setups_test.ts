import { assertEquals } from "@std/assert";
import { obtainOrSkip } from "../runtimes/tests_on.ts";
import { findNginx } from "../servers/nginx.ts";
import { findFaults, layOutProject, obtainRuntimes, runSetups } from "./run_setups.ts";
import { listSetups } from "./setups.ts";
import { setStage } from "./stage.ts";

const nginx = await obtainOrSkip("nginx, and the set-ups with it", findNginx);
const runtimes = await obtainRuntimes();

Deno.test("diagnose: names the cause and the cure of each broken set-up", async (context) => {
  await using project = await layOutProject();
  await using stage = await setStage(nginx !== undefined);
  for (const runtime of runtimes) {
    const setups = listSetups(stage, runtime.name);
    // Before the steps, which look for what they leave running.
    const { results, stderr } = await runSetups(runtime, project.path, setups);
    await context.step(`on ${runtime.name}`, async (context) => {
      for (const setup of setups) {
        const result = results.get(setup.name);
        await context.step(setup.name, () => assertEquals(findFaults(setup, result, stage.secrets), [], result?.page));
      }
      assertEquals(stderr, "");
    });
  }
});
