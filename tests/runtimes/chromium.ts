/** A headless Chromium with a fresh profile, until it is disposed of. @module */
import type { ChromiumExecutable } from "./chromium_executable.ts";
import { DevTools, type DevToolsEvent } from "./devtools.ts";
import { startProgram } from "./start_program.ts";
import { temporaryFolder } from "./temporary_folder.ts";
import { within } from "./within.ts";

/** A browser that is ready. Disposing of it closes it and removes its files. */
export interface RunningChromium extends AsyncDisposable {
  /** As in `153.0.1`. */
  readonly version: string;
  /** Opens a page of its own at `url`. */
  open(url: string): Promise<Page>;
  /** Collects the events of service workers that start from now on. They don't end by themselves then. */
  watchServiceWorkers(): Promise<readonly DevToolsEvent[]>;
}

/** An open page. */
export interface Page {
  /** The page's events so far: requests, logs, uncaught errors. */
  readonly events: readonly DevToolsEvent[];
  /** Calls `inThePage` there; resolves to its result as JSON. It has no access to this module. */
  evaluate<T>(inThePage: () => T | Promise<T>): Promise<T>;
  /** Sends a command of the DevTools protocol for this page. */
  command(method: string, params?: Record<string, unknown>): Promise<void>;
}

const flags = [
  ...["--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--remote-debugging-port=0"],
  // Chromium refuses its sandbox to root, which a container's user often is. Only loopback pages are opened.
  "--no-sandbox",
  // It may call the test's own servers only.
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  // A container's shared memory is often too small for it.
  "--disable-dev-shm-usage",
];

/** Unpacks and starts Chromium; `unpack` comes from `chromiumPackage`. */
export async function startChromium(unpack: () => Promise<ChromiumExecutable>): Promise<RunningChromium> {
  await using stack = new AsyncDisposableStack();
  const { path, env } = stack.use(await unpack());
  const profile = stack.use(await temporaryFolder("profile_"));
  const program = stack.use(
    await startProgram(path, {
      args: [...flags, `--user-data-dir=${profile.path}`],
      env,
      ready: /DevTools listening on (ws:\S+)\s/,
      timeout: 30_000,
    }),
  );
  const pages = new Map<string, DevToolsEvent[]>();
  const workerEvents: DevToolsEvent[] = [];
  const devTools = stack.use(
    await DevTools.connect(program.match[1] ?? "", (event) => {
      pages.get(event.sessionId ?? "")?.push(event);
      if (event.method !== "Target.attachedToTarget" || event.params.targetInfo.type !== "service_worker") return;
      const { sessionId } = event.params;
      pages.set(sessionId, workerEvents);
      // It may have ended.
      void devTools.send("Runtime.enable", {}, sessionId).catch(() => {});
    }),
  );
  // Its processes end with it and leave the profile alone, which they may not when it is killed.
  stack.defer(async () => {
    // It may end before it answers.
    await devTools.send("Browser.close").catch(() => {});
    await within(10_000, "close Chromium", program.ended);
  });
  const { product } = await devTools.send("Browser.getVersion");
  const started = stack.move();
  return {
    version: product.replace(/^.*\//, ""),
    async open(url) {
      const { targetId } = await devTools.send("Target.createTarget", { url: "about:blank" });
      const { sessionId } = await devTools.send("Target.attachToTarget", { targetId, flatten: true });
      const events: DevToolsEvent[] = [];
      pages.set(sessionId, events);
      for (const domain of ["Network", "Page", "Runtime"]) await devTools.send(`${domain}.enable`, {}, sessionId);
      await devTools.send("Page.navigate", { url }, sessionId);
      return {
        events,
        evaluate: (inThePage) => evaluate(devTools, sessionId, `(${inThePage})()`),
        command: async (method, params = {}) => void await devTools.send(method, params, sessionId),
      };
    },
    async watchServiceWorkers() {
      const options = { autoAttach: true, waitForDebuggerOnStart: false, flatten: true };
      await devTools.send("Target.setAutoAttach", { ...options, filter: [{ type: "service_worker" }] });
      return workerEvents;
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

// deno-lint-ignore no-explicit-any -- The caller knows.
async function evaluate(devTools: DevTools, sessionId: string, expression: string): Promise<any> {
  const { result, exceptionDetails } = await devTools.send(
    "Runtime.evaluate",
    { expression, awaitPromise: true, returnByValue: true },
    sessionId,
  );
  if (exceptionDetails !== undefined) throw new Error(`The page threw: ${JSON.stringify(exceptionDetails)}`);
  return result.value;
}
