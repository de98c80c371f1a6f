import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { bundle } from "../runtimes/bundle.ts";
import { startChromium } from "../runtimes/chromium.ts";
import { chromiumPackage } from "../runtimes/chromium_executable.ts";
import { type StartedProgram, startProgram } from "../runtimes/start_program.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { type Backend, calls, projects, startBackend } from "./backend.ts";

const example = new URL("../../examples/service_worker/", import.meta.url);

const testOnChromium = await testsOn("Chromium", chromiumPackage);

/** The example's own server, in a folder with the bundled worker. */
async function startSite(backend: Backend): Promise<StartedProgram> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder("service_worker_"));
  for (const name of ["server.ts", "index.html"]) await Deno.copyFile(new URL(name, example), join(folder, name));
  const script = await bundle(new URL("service_worker.ts", example));
  await Deno.writeTextFile(join(folder, "service_worker.js"), script);
  const permissions = ["--allow-read=.", "--allow-net=127.0.0.1", `--allow-env=PORT,${Object.keys(backend.settings)}`];
  const site = stack.use(
    await startProgram(Deno.execPath(), {
      args: ["run", "--no-config", "--no-prompt", ...permissions, "server.ts"],
      cwd: folder,
      env: { ...backend.settings, PORT: "0" },
      ready: /http:\/\/127\.0\.0\.1:\d+\//,
    }),
  );
  const started = stack.move();
  return { ...site, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

testOnChromium(
  "service_worker.ts: adds the token to a page's calls, which sees neither token nor secret",
  async (unpack) => {
    await using backend = await startBackend();
    await using site = await startSite(backend);
    await using chromium = await startChromium(unpack);
    const page = await chromium.open(site.match[0]);

    const shown = await page.evaluate(listShown).catch((error) => {
      throw new Error(`No projects are shown: ${JSON.stringify(page.events)}`, { cause: error });
    });
    const again = await page.evaluate(callAndSearch);

    assertEquals(shown, projects.map(({ name }) => name));
    assertEquals(again.answers, Array(5).fill({ status: 200, projects }));
    assertEquals(calls(backend), Array(6).fill("GET /v1/projects 200"));
    assertEquals(backend.countTokenRequests(), 1);
    const requested = page.events.filter(({ method }) => method === "Network.requestWillBeSent")
      .map(({ params }) => params.request.url.replace(site.match[0], "/"));
    assertEquals(new Set(requested), new Set(["/", "/api/v1/projects"]));
    assertEquals(again.stored, []);
    // The events have the page's requests and answers, with headers, and its logs.
    backend.assertNoSecretIn(JSON.stringify([page.events, again]));
    backend.assertNoSecretIn(site.printed());
  },
);

/** Runs in the page: waits until it shows two projects. */
async function listShown(): Promise<string[]> {
  for (let waited = 0; waited < 10_000; waited += 20) {
    const items = Array.from(document.querySelectorAll("li"), (item) => item.textContent);
    if (items.length === 2) return items;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("waited too long");
}

/** Runs in the page: five calls at once, and a search of all storage that a worker shares. */
async function callAndSearch() {
  const responses = await Promise.all(Array.from({ length: 5 }, () => fetch("/api/v1/projects")));
  const answers = await Promise.all(
    responses.map(async (response) => ({ status: response.status, projects: await response.json() })),
  );
  const headers = responses.flatMap((response) => [...response.headers]);
  const stored = [
    ...Object.keys(localStorage),
    ...Object.keys(sessionStorage),
    ...await caches.keys(),
    ...await indexedDB.databases(),
    ...document.cookie.split(";").filter(Boolean),
  ];
  return { answers, headers, stored, html: document.documentElement.outerHTML };
}

/** Globals of a page. */
declare const document: {
  readonly cookie: string;
  readonly documentElement: { readonly outerHTML: string };
  querySelectorAll(selector: string): Iterable<{ readonly textContent: string }>;
};
declare const indexedDB: { databases(): Promise<unknown[]> };
