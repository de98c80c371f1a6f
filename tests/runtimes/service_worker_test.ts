import { assert, assertEquals } from "@std/assert";
import { type Backend, calls, projects, startBackend } from "../examples/backend.ts";
import { bundle } from "./bundle.ts";
import { type Page, startChromium } from "./chromium.ts";
import { chromiumPackage } from "./chromium_executable.ts";
import { type PageServer, startPageServer } from "./page_server.ts";
import { until } from "./suite/world.ts";
import { testsOn } from "./tests_on.ts";

const testOnChromium = await testsOn("Chromium", chromiumPackage);

const html = `<!doctype html><script type="module">
  await navigator.serviceWorker.register("/service_worker.js", { type: "module" });
  if (!navigator.serviceWorker.controller) {
    await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve));
  }
  globalThis.isReady = true;
</script>`;

/** A page, and the example's service worker. */
async function startSite({ settings }: Backend): Promise<PageServer> {
  return startPageServer({
    "/": html,
    "/settings.json": JSON.stringify({
      endpoint: settings.M2M_ENDPOINT,
      tokenEndpoint: settings.M2M_TOKEN_ENDPOINT,
      clientId: settings.M2M_CLIENT_ID,
      clientSecret: settings.M2M_CLIENT_SECRET,
      scopes: settings.M2M_SCOPES?.split(" "),
      audience: settings.M2M_AUDIENCE,
    }),
    "/service_worker.js": await bundle(new URL("../../examples/service_worker/service_worker.ts", import.meta.url)),
  });
}

testOnChromium(
  "a service worker's token: is added to the page's calls, refreshed, and requested again after the worker was stopped",
  async (unpack) => {
    await using backend = await startBackend();
    await using site = await startSite(backend);
    await using chromium = await startChromium(unpack);
    const page = await chromium.open(`${site.origin}/`);
    await until(() => page.evaluate(() => "isReady" in globalThis));

    const first = await page.evaluate(listProjects);
    assertEquals([first.status, JSON.parse(first.text)], [200, projects]);
    assertEquals(calls(backend), ["GET /v1/projects 200"]);
    assertEquals(backend.countTokenRequests(), 1);

    backend.api.revokeAll();
    const replayed = await page.evaluate(postJob);
    assertEquals([replayed.status, JSON.parse(replayed.text).body], [200, "the whole body"]);
    assertEquals(calls(backend).slice(1), ["POST /v1/jobs 401", "POST /v1/jobs 200"]);
    assertEquals(backend.countTokenRequests(), 2);

    await stopWorkers(page);
    const restarted = await page.evaluate(listProjects);
    const again = await page.evaluate(listProjects);
    assertEquals([restarted.status, again.status], [200, 200]);
    assertEquals(calls(backend).slice(3), Array(2).fill("GET /v1/projects 200"));
    // Its state was in memory: it has requested its settings and a token again.
    assertEquals(backend.countTokenRequests(), 3);
    assertEquals(site.asked.filter((path) => path === "/settings.json").length, 2);

    backend.api.revokeAll();
    assertEquals((await page.evaluate(listProjects)).status, 200);
    assertEquals(backend.countTokenRequests(), 4);

    // The events have the page's requests, answers and logs; `seen` has the headers it could read.
    const seen = [first, replayed, restarted, again, await page.evaluate(lookAround)];
    backend.assertNoSecretIn(JSON.stringify([page.events, seen]));
    const urls = page.events.filter(({ method }) => method === "Network.requestWillBeSent")
      .map(({ params }) => new URL(params.request.url));
    assertEquals(new Set(urls.map(({ origin }) => origin)), new Set([site.origin]));
    assert(!urls.some(({ pathname }) => pathname === "/settings.json"));
  },
);

/** Stops the service worker, as the browser does when it is idle. */
async function stopWorkers(page: Page): Promise<void> {
  await page.command("ServiceWorker.enable");
  await page.command("ServiceWorker.stopAllWorkers");
  await until(() => {
    const versions = page.events.filter(({ method }) => method === "ServiceWorker.workerVersionUpdated")
      .flatMap(({ params }) => params.versions as { runningStatus: string }[]);
    return versions.at(-1)?.runningStatus === "stopped";
  });
}

/** Runs in the page. */
async function listProjects() {
  const response = await fetch("/api/v1/projects");
  return { status: response.status, text: await response.text(), headers: [...response.headers] };
}

/** Runs in the page. */
async function postJob() {
  const response = await fetch("/api/v1/jobs", { method: "POST", body: "the whole body" });
  return { status: response.status, text: await response.text(), headers: [...response.headers] };
}

/** Runs in the page: all that it can find of its worker's state. */
async function lookAround() {
  const { active } = await (navigator as unknown as WorkerNavigator).serviceWorker.ready;
  return {
    worker: [active.scriptURL, Object.keys(active), JSON.stringify(active)],
    storage: [
      ...Object.entries(localStorage),
      ...Object.entries(sessionStorage),
      ...await caches.keys(),
      ...await indexedDB.databases(),
    ],
    resources: performance.getEntries().map((entry) => JSON.stringify(entry)),
  };
}

interface WorkerNavigator {
  readonly serviceWorker: { readonly ready: Promise<{ readonly active: { readonly scriptURL: string } }> };
}
declare const indexedDB: { databases(): Promise<unknown[]> };
