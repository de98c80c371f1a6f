/** A headless Chromium with a fresh profile, until it is disposed of. @module */
import type { ChromiumExecutable } from "./chromium_executable.ts";
import { startProgram } from "./start_program.ts";
import { temporaryFolder } from "./temporary_folder.ts";
import { within } from "./within.ts";

/** An event of the browser, by the Chrome DevTools Protocol. */
interface DevToolsEvent {
  readonly method: string;
  // deno-lint-ignore no-explicit-any -- Each method has its own.
  readonly params: any;
  /** Its page or worker: see `Target.attachToTarget`. Absent: the browser as a whole. */
  readonly sessionId?: string;
}

/** An open page. */
export interface Page {
  /** The page's events so far: requests, logs, uncaught errors. */
  readonly events: readonly DevToolsEvent[];
  /** Calls a function, or its text, there; resolves to its result as JSON. It has no access to this module. */
  evaluate<T>(inThePage: string | (() => T | Promise<T>)): Promise<T>;
  /** Sends a command for this page. */
  readonly command: Command;
}

/** Sends a command of the DevTools protocol; resolves to its result. */
// deno-lint-ignore no-explicit-any -- Each method has its own.
type Command = (method: string, params?: Record<string, unknown>) => Promise<any>;

const flags = [
  ...["--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--remote-debugging-port=0"],
  // Chromium refuses its sandbox to root, which a container's user often is. Only loopback pages are opened.
  "--no-sandbox",
  // It may call the test's own servers only.
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  // A container's shared memory is often too small for it.
  "--disable-dev-shm-usage",
];

/**
 * Unpacks and starts Chromium; `unpack` comes from `chromiumPackage`. Disposing of it closes it and removes its files.
 */
export async function startChromium(unpack: () => Promise<ChromiumExecutable>) {
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
  const events = new Map<string | undefined, DevToolsEvent[]>();
  const workerEvents: DevToolsEvent[] = [];
  const command = await connect(program.match[1] ?? "", (event) => {
    events.get(event.sessionId)?.push(event);
    if (event.method !== "Target.attachedToTarget" || event.params.targetInfo.type !== "service_worker") return;
    const { sessionId } = event.params;
    events.set(sessionId, workerEvents);
    // It may have ended.
    command(sessionId)("Runtime.enable").catch(() => {});
  });
  const browser = command();
  // Its processes end with it and leave the profile alone, which they may not when it is killed.
  stack.defer(async () => {
    // It may end before it answers.
    await browser("Browser.close").catch(() => {});
    await within(10_000, "close Chromium", program.ended);
  });
  return Object.assign(stack.move(), {
    /** Opens a page of its own. */
    async open(url: string): Promise<Page> {
      const { targetId } = await browser("Target.createTarget", { url: "about:blank" });
      const { sessionId } = await browser("Target.attachToTarget", { targetId, flatten: true });
      const page = { events: [], command: command(sessionId) };
      events.set(sessionId, page.events);
      for (const domain of ["Network", "Page", "Runtime"]) await page.command(`${domain}.enable`);
      await page.command("Page.navigate", { url });
      return {
        ...page,
        async evaluate(inThePage) {
          const params = { expression: `(${inThePage})()`, awaitPromise: true, returnByValue: true };
          const { result, exceptionDetails } = await page.command("Runtime.evaluate", params);
          if (exceptionDetails !== undefined) throw new Error(`The page threw: ${JSON.stringify(exceptionDetails)}`);
          return result.value;
        },
      };
    },
    /** Collects the events of service workers that start from now on. They don't end by themselves then. */
    async watchServiceWorkers(): Promise<readonly DevToolsEvent[]> {
      const options = { autoAttach: true, waitForDebuggerOnStart: false, flatten: true };
      await browser("Target.setAutoAttach", { ...options, filter: [{ type: "service_worker" }] });
      return workerEvents;
    },
  });
}

/** Connects to a browser that ends the connection; resolves to what sends commands, to it or to a session of it. */
async function connect(url: string, onEvent: (event: DevToolsEvent) => void): Promise<(sessionId?: string) => Command> {
  const socket = new WebSocket(url);
  const { promise: opened, resolve: open, reject: fail } = Promise.withResolvers<unknown>();
  const waiting: PromiseWithResolvers<{ result: unknown; error?: { message: string } }>[] = [];
  socket.onopen = open;
  socket.onerror = fail;
  socket.onclose = () => waiting.forEach(({ reject }) => reject(new Error("The browser hung up.")));
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if ("method" in message) onEvent(message);
    else waiting[message.id]?.resolve(message);
  };
  await within(20_000, "connect to the browser", opened);
  return (sessionId) => async (method, params = {}) => {
    const answered: typeof waiting[number] = Promise.withResolvers();
    const id = waiting.push(answered) - 1;
    socket.send(JSON.stringify({ id, method, params, sessionId }));
    const { result, error } = await within(120_000, `do ${method}`, answered.promise);
    if (error !== undefined) throw new Error(`Cannot do ${method}: ${error.message}`);
    return result;
  };
}
