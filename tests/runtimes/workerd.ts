/** A worker running in workerd on a loopback port, until it is disposed of. @module */
import { join } from "node:path";
import { startProgram } from "./start_program.ts";
import { temporaryFolder } from "./temporary_folder.ts";

/** What is run. */
export interface WorkerOptions {
  /** One ES module, as text: see `bundle.ts`. */
  readonly script: string;
  /** Which behaviour of the platform the worker gets, as `YYYY-MM-DD`. */
  readonly compatibilityDate: string;
  /** What it gets on top, such as `nodejs_compat`. Default: nothing. */
  readonly compatibilityFlags?: readonly string[];
  /** Texts that the worker finds in its `env`. Default: none. */
  readonly bindings?: Readonly<Record<string, string>>;
  /**
   * Bindings whose `fetch` shows a certificate wherever it goes, as Cloudflare's mTLS bindings do, or none. Default:
   * none of them.
   */
  readonly tlsBindings?: Readonly<Record<string, { readonly cert: string; readonly key: string } | undefined>>;
  /** The authority those trust, as PEM text. */
  readonly authority?: string;
}

/** A worker that answers. Disposing of it ends its process and removes its files. */
export interface RunningWorker extends AsyncDisposable {
  readonly url: URL;
  /** Its process id. */
  readonly pid: number;
  /** All that the worker has logged by now. */
  printed(): string;
}

/** Starts workerd on a free port of 127.0.0.1 and waits until it listens there. */
export async function startWorker(executable: string, options: WorkerOptions): Promise<RunningWorker> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder("workerd_"));
  await Deno.writeTextFile(join(folder, "worker.js"), options.script);
  await Deno.writeTextFile(join(folder, "config.capnp"), configuration(options));
  const program = stack.use(
    await startProgram(executable, {
      // The port it was given comes as a line of JSON on the control descriptor: here stdout.
      args: ["serve", "--control-fd=1", join(folder, "config.capnp")],
      ready: /"event":"listen","socket":"http","port":(\d+)}/,
    }),
  );
  const started = stack.move();
  return {
    url: new URL(`http://127.0.0.1:${program.match[1]}/`),
    pid: program.pid,
    printed: program.printed,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

function configuration(options: WorkerOptions): string {
  const { compatibilityDate, compatibilityFlags = [], bindings = {}, tlsBindings = {}, authority = "" } = options;
  // A JSON string is a Cap'n Proto string too.
  const texts = Object.entries(bindings)
    .map(([name, text]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(text)})`);
  const networks = Object.entries(tlsBindings).map(([name, pair]) => ({
    binding: `(name = ${JSON.stringify(name)}, service = ${JSON.stringify(name)})`,
    service: `(name = ${JSON.stringify(name)}, network = (allow = ["private", "local"], tlsOptions = (
      ${
      pair
        ? `keypair = (privateKey = ${JSON.stringify(pair.key)}, certificateChain = ${JSON.stringify(pair.cert)}),`
        : ""
    }
      trustedCertificates = [${JSON.stringify(authority)}])))`,
  }));
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    # The default is "public" alone, which leaves out the loopback servers of a test.
    (name = "internet", network = (allow = ["public", "private", "local"])),
    ${networks.map(({ service }) => service).join(",\n    ")}
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = ${JSON.stringify(compatibilityDate)},
  compatibilityFlags = ${JSON.stringify(compatibilityFlags)},
  bindings = [${[...texts, ...networks.map(({ binding }) => binding)].join(", ")}],
);
`;
}
