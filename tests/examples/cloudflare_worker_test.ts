import { assertEquals, assertStringIncludes } from "@std/assert";
import { bundle } from "../runtimes/bundle.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { type RunningWorker, startWorker } from "../runtimes/workerd.ts";
import { compatibilityDate, type WorkerdExecutable, workerdExecutable } from "../runtimes/workerd_executable.ts";
import { calls, projects, startBackend } from "./backend.ts";

const testOnWorkerd = await testsOn("workerd", workerdExecutable);

async function startExample(
  workerd: WorkerdExecutable,
  date: string,
  bindings: Record<string, string>,
): Promise<RunningWorker> {
  const script = await bundle(new URL("../../examples/cloudflare_worker.ts", import.meta.url));
  return await startWorker(workerd.path, { script, compatibilityDate: compatibilityDate(workerd, date), bindings });
}

/** With a timeout: a worker that hangs must fail the test. */
async function get(url: URL): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

// Old and new dates differ in `fetch`, and in promises that two requests share.
for (const date of ["2024-09-01", "2026-11-01"]) {
  testOnWorkerd(
    `cloudflare_worker.ts of ${date}: returns the projects, with one token for all requests`,
    async (workerd) => {
      await using backend = await startBackend();
      await using worker = await startExample(workerd, date, backend.settings);
      const url = new URL("/v1/projects?page=1", worker.url);

      const first = await Promise.all(Array.from({ length: 20 }, () => get(url)));
      const later = await get(url);

      for (const { status, headers, text } of [...first, later]) {
        assertEquals([status, JSON.parse(text)], [200, projects]);
        backend.assertNoSecretIn(text + JSON.stringify([...headers]));
      }
      assertEquals(calls(backend), Array(21).fill("GET /v1/projects 200"));
      assertEquals(backend.countTokenRequests(), 1);
      backend.assertNoSecretIn(worker.printed());
    },
  );
}

testOnWorkerd("cloudflare_worker.ts: sends its token to no other path", async (workerd) => {
  await using backend = await startBackend();
  await using worker = await startExample(workerd, "2024-09-01", backend.settings);

  const statuses = [
    (await get(new URL("/v1/jobs", worker.url))).status,
    (await get(new URL("/v1/projects/../jobs", worker.url))).status,
  ];

  assertEquals(statuses, [404, 404]);
  assertEquals([backend.countTokenRequests(), calls(backend)], [0, []]);
});

testOnWorkerd("cloudflare_worker.ts: names the missing binding", async (workerd) => {
  await using backend = await startBackend();
  await using worker = await startExample(workerd, "2024-09-01", { ...backend.settings, M2M_ENDPOINT: "" });

  const { status } = await get(new URL("/v1/projects", worker.url));

  assertEquals(status, 500);
  assertStringIncludes(worker.printed(), "Cannot start: the binding M2M_ENDPOINT is not set");
});
