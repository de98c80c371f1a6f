import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { calls, projects, startBackend } from "../examples/backend.ts";
import { bundle } from "./bundle.ts";
import { startChromium } from "./chromium.ts";
import { chromiumPackage } from "./chromium_executable.ts";
import { startProgram } from "./start_program.ts";
import { stopWorkers } from "./stop_workers.ts";
import { until } from "./suite/world.ts";
import { temporaryFolder } from "./temporary_folder.ts";
import { testsOn } from "./tests_on.ts";

const example = new URL("../../examples/service_worker/", import.meta.url);
const testOnChromium = await testsOn("Chromium", chromiumPackage);

testOnChromium("a service worker: adds its token to the page's calls, also after it was stopped", async (unpack) => {
  await using backend = await startBackend();
  const { api, settings } = backend;
  // The example's own server, in a folder with the bundled worker.
  await using folder = await temporaryFolder("service_worker_");
  for (const name of ["server.ts", "index.html"]) await Deno.copyFile(new URL(name, example), join(folder.path, name));
  const script = await bundle(new URL("service_worker.ts", example));
  await Deno.writeTextFile(join(folder.path, "service_worker.js"), script);
  const permissions = ["--allow-read=.", "--allow-net=127.0.0.1", `--allow-env=PORT,${Object.keys(settings)}`];
  await using site = await startProgram(Deno.execPath(), {
    args: ["run", "--no-config", "--no-prompt", ...permissions, "server.ts"],
    cwd: folder.path,
    env: { ...settings, PORT: "0" },
    ready: /http:\/\/127\.0\.0\.1:\d+\//,
  });
  const [url] = site.match;
  await using chromium = await startChromium(unpack);
  const page = await chromium.open(url);
  const five = Array(5).fill([200, projects]);

  await until(async () => (await page.evaluate(listShown)).length === 2);
  assertEquals(await page.evaluate(listShown), projects.map(({ name }) => name));
  const first = await page.evaluate(callFiveTimes);
  assertEquals(first.map(({ status, json }) => [status, json]), five);
  assertEquals([calls(backend), backend.countTokenRequests()], [Array(6).fill("GET /v1/projects 200"), 1]);

  api.revokeAll();
  const replayed = await page.evaluate(postJob);
  assertEquals([replayed.status, replayed.json.body], [200, "the whole body"]);
  assertEquals(calls(backend).slice(6), ["POST /v1/jobs 401", "POST /v1/jobs 200"]);
  assertEquals(backend.countTokenRequests(), 2);

  await stopWorkers(page, url);
  const restarted = await page.evaluate(callFiveTimes);
  assertEquals(restarted.map(({ status, json }) => [status, json]), five);
  // Its state was in memory: it has requested a token again.
  assertEquals(backend.countTokenRequests(), 3);

  api.revokeAll();
  assertEquals((await page.evaluate(callFiveTimes)).map(({ status }) => status), Array(5).fill(200));
  assertEquals(backend.countTokenRequests(), 4);

  const found = await page.evaluate(searchPage);
  assertEquals(found.storage, []);
  // The events have the page's requests and answers, with headers, and its logs.
  backend.assertNoSecretIn(JSON.stringify([page.events, first, replayed, restarted, found]) + site.printed());
  const requested = page.events.filter(({ method }) => method === "Network.requestWillBeSent")
    .map(({ params }) => params.request.url.replace(url, "/"));
  assertEquals(new Set(requested), new Set(["/", "/api/v1/projects", "/api/v1/jobs"]));
});

// What follows runs in the page.

interface WorkerNavigator {
  readonly serviceWorker: { readonly ready: Promise<{ readonly active: { readonly scriptURL: string } }> };
}
declare const indexedDB: { databases(): Promise<unknown[]> };
declare const document: {
  readonly cookie: string;
  readonly documentElement: { readonly outerHTML: string };
  querySelectorAll(selector: string): Iterable<{ readonly textContent: string }>;
};

function listShown(): string[] {
  return Array.from(document.querySelectorAll("li"), (item) => item.textContent);
}

async function callFiveTimes() {
  return await Promise.all(Array.from({ length: 5 }, async () => {
    const it = await fetch("/api/v1/projects");
    return { status: it.status, json: await it.json(), headers: [...it.headers] };
  }));
}

async function postJob() {
  const it = await fetch("/api/v1/jobs", { method: "POST", body: "the whole body" });
  return { status: it.status, json: await it.json(), headers: [...it.headers] };
}

/** Everything that the page can find of its worker's state. */
async function searchPage() {
  const { active } = await (navigator as unknown as WorkerNavigator).serviceWorker.ready;
  return {
    worker: [active.scriptURL, Object.keys(active), JSON.stringify(active)],
    storage: [
      ...[localStorage, sessionStorage].flatMap((storage) => Object.entries(storage)),
      ...await caches.keys(),
      ...await indexedDB.databases(),
      ...document.cookie.split(";").filter(Boolean),
    ],
    resources: performance.getEntries().map((entry) => JSON.stringify(entry)),
    html: document.documentElement.outerHTML,
  };
}
