import { bundle } from "./bundle.ts";
import { startChromium } from "./chromium.ts";
import { chromiumPackage } from "./chromium_executable.ts";
import { serve } from "../servers/loopback.ts";
import { lacks, registerSuite } from "./suite_on.ts";
import { testsOn } from "./tests_on.ts";

const testOnChromium = await testsOn("Chromium", chromiumPackage);

/** Functions that run the suite in a page, or in its service worker, and so across origins, with CORS. */
const scripts = {
  "page": `async (input) => {
    const { runSuite } = await import("/suite.js");
    await runSuite(input);
  }`,
  "service worker": `async (input) => {
    await navigator.serviceWorker.register("/worker.js", { type: "module" });
    if (!navigator.serviceWorker.controller) {
      await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve));
    }
    await (await fetch("/run", { method: "POST", body: JSON.stringify(input) })).text();
  }`,
};

for (const [where, script] of Object.entries(scripts)) {
  const platform = { runtime: `Chromium, ${where}`, lacks: lacks.browser };
  registerSuite(testOnChromium, platform, async (unpack, input) => {
    await using chromium = await startChromium(unpack);
    const files: Record<string, [text: string, type: string]> = {
      "/": ["<!doctype html>", "text/html"],
      "/suite.js": [await bundle(new URL("suite/run.ts", import.meta.url)), "text/javascript"],
      "/worker.js": [await bundle(new URL("suite_worker.ts", import.meta.url)), "text/javascript"],
    };
    await using server = serve(({ url }) => {
      const [text, type] = files[new URL(url).pathname] ?? [];
      return new Response(text, { status: type ? 200 : 404, headers: { "content-type": `${type}` } });
    });
    const workerEvents = await chromium.watchServiceWorkers();
    const page = await chromium.open(`${server.origin}/`);

    await page.evaluate(`() => (${script})(${JSON.stringify(input)})`);

    const events = [...page.events, ...workerEvents];
    return JSON.stringify(events.filter(({ method }) => method === "Runtime.consoleAPICalled"));
  });
}
