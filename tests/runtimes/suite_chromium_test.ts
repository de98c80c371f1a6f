import { bundle } from "./bundle.ts";
import { type Page, startChromium } from "./chromium.ts";
import { chromiumPackage } from "./chromium_executable.ts";
import { startPageServer } from "./page_server.ts";
import { browser } from "./platforms.ts";
import { report } from "./report.ts";
import { startStageServer } from "./stage_server.ts";
import type { CaseResult, SuiteInput } from "./suite/case.ts";
import { testsOn } from "./tests_on.ts";

const testOnChromium = await testsOn("Chromium", chromiumPackage);

/** What runs the suite in a page: by itself, or by way of its service worker. */
const scripts = {
  page: `const { runSuite } = await import("/suite.js");
    const results = await runSuite(await (await fetch("/input.json")).json());`,
  "service worker": `await navigator.serviceWorker.register("/worker.js", { type: "module" });
    if (!navigator.serviceWorker.controller) {
      await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve));
    }
    const body = await (await fetch("/input.json")).text();
    const results = await (await fetch("/run", { method: "POST", body })).json();`,
};

for (const [where, script] of Object.entries(scripts)) {
  testOnChromium(`the portable suite passes in a ${where} of Chromium, across origins`, async (unpack) => {
    await using stage = await startStageServer();
    const input: SuiteInput = { stage: stage.origin, real: stage.real, lacks: browser };
    await using server = startPageServer({
      "/": `<!doctype html><script type="module">${script} globalThis.results = results;</script>`,
      "/input.json": JSON.stringify(input),
      "/suite.js": await bundle(new URL("suite/run.ts", import.meta.url)),
      "/worker.js": await bundle(new URL("suite_listener.ts", import.meta.url)),
    });
    await using chromium = await startChromium(unpack);
    const workerEvents = await chromium.watchServiceWorkers();
    const page = await chromium.open(`${server.origin}/`);

    const results = await waitForResults(page);

    const printed = [...page.events, ...workerEvents].filter(({ method }) => method === "Runtime.consoleAPICalled");
    report(`Chromium, ${where}`, chromium.version, results, JSON.stringify(printed));
  });
}

/** Asks again and again: a single question may not take as long as the suite does. */
async function waitForResults(page: Page): Promise<CaseResult[]> {
  for (let tries = 0; tries < 1_200; tries++) {
    const results = await page.evaluate(() => (globalThis as { results?: CaseResult[] }).results ?? null);
    if (results !== null) return results;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const told = page.events.filter(({ method }) => /exceptionThrown|consoleAPICalled|loadingFailed/.test(method));
  throw new Error(`There are no results: ${JSON.stringify(told.slice(-20))}`);
}
