import { assertEquals, assertStringIncludes } from "@std/assert";
import { testOnWorkerd } from "../runtimes/every_runtime.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { calls, projects, startBackend } from "./backend.ts";

const example = new URL("../../examples/cloudflare_worker.ts", import.meta.url);

/** With a timeout: a worker that hangs must fail the test. */
async function get(worker: { readonly url: string | URL }, path: string) {
  const response = await fetch(new URL(path, worker.url), { signal: AbortSignal.timeout(10_000) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

// Old and new dates differ in `fetch`, and in promises that two requests share.
const title = "cloudflare_worker.ts: returns the projects with one token for all, and no other path";
await testOnWorkerd(title, example, async (start) => {
  await using backend = await startBackend();
  await using worker = await start({ bindings: backend.settings });
  for (const path of ["/v1/jobs", "/v1/projects/../jobs"]) assertEquals((await get(worker, path)).status, 404);
  assertEquals([backend.countTokenRequests(), calls(backend)], [0, []]);
  const path = "/v1/projects?page=1";

  const answers = await Promise.all(Array.from({ length: 20 }, () => get(worker, path)));
  answers.push(await get(worker, path));

  for (const { status, headers, text } of answers) {
    assertEquals([status, JSON.parse(text)], [200, projects]);
    backend.assertNoSecretIn(text + JSON.stringify([...headers]));
  }
  assertEquals([backend.countTokenRequests(), calls(backend)], [1, Array(21).fill("GET /v1/projects 200")]);
  backend.assertNoSecretIn(worker.printed());

  await using unset = await start({ bindings: { ...backend.settings, M2M_ENDPOINT: "" } });
  assertEquals((await get(unset, "/v1/projects")).status, 500);
  assertStringIncludes(unset.printed(), "Cannot start: the binding M2M_ENDPOINT is not set");
});

const storeExample = new URL("../../examples/cloudflare_token_store.ts", import.meta.url);

const sharing = "cloudflare_token_store.ts: all isolates share one token, also those that start later";
await testOnWorkerd(sharing, storeExample, async (start) => {
  await using backend = await startBackend();
  await using folder = await temporaryFolder("storage_");
  const objects = { TOKENS: "TokenStoreObject" };
  // The second one is another process, with the same storage.
  for (let round = 1; round <= 2; round++) {
    await using worker = await start({ bindings: backend.settings, isolates: 4, objects, storage: folder.path });
    const answers = await Promise.all(worker.urls.map((url) => get({ url }, "/v1/projects")));
    for (const { status, text } of answers) assertEquals([status, JSON.parse(text)], [200, projects]);
    assertEquals([backend.countTokenRequests(), calls(backend).length], [1, 4 * round], worker.printed());
  }
});
