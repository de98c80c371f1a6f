import { bundle } from "./bundle.ts";
import { type Page, startChromium } from "./chromium.ts";
import { chromiumPackage } from "./chromium_executable.ts";
import { startPageServer } from "./page_server.ts";
import { browser as lacks } from "./platforms.ts";
import { testSuite } from "./report.ts";
import type { CaseResult } from "./suite/case.ts";
import { testsOn } from "./tests_on.ts";

const testOnChromium = await testsOn("Chromium", chromiumPackage);

/** Scripts that run the suite in a page, or in its service worker. */
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
    await using chromium = await startChromium(unpack);
    const { version } = chromium;

    await testSuite({ runtime: `Chromium, ${where}`, version, lacks }, async (input) => {
      await using server = startPageServer({
        "/": `<!doctype html><script type="module">${script} globalThis.results = results;</script>`,
        "/input.json": JSON.stringify(input),
        "/suite.js": await bundle(new URL("suite/run.ts", import.meta.url)),
        "/worker.js": await bundle(new URL("suite_listener.ts", import.meta.url)),
      });
      const workerEvents = await chromium.watchServiceWorkers();
      const page = await chromium.open(`${server.origin}/`);

      const results = await waitForResults(page);

      const printed = [...page.events, ...workerEvents].filter(({ method }) => method === "Runtime.consoleAPICalled");
      return { results, printed: JSON.stringify(printed) };
    });
  });
}

/** Asks repeatedly: one command may not take as long as the suite does. */
async function waitForResults(page: Page): Promise<CaseResult[]> {
  for (let tries = 0; tries < 1_200; tries++) {
    const results = await page.evaluate(() => (globalThis as { results?: CaseResult[] }).results ?? null);
    if (results !== null) return results;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const events = page.events.filter(({ method }) => /exceptionThrown|consoleAPICalled|loadingFailed/.test(method));
  throw new Error(`There are no results: ${JSON.stringify(events.slice(-20))}`);
}
