/** A worker running in workerd on a loopback port, until it is disposed of. @module */
import { join } from "node:path";
import { startProgram } from "./start_program.ts";
import { temporaryFolder } from "./temporary_folder.ts";

/** The worker, and its settings. */
export interface WorkerOptions {
  /** One ES module, as text: see `bundle.ts`. */
  readonly script: string;
  /** The platform's behaviour as of a date, as `YYYY-MM-DD`. */
  readonly compatibilityDate: string;
  /** Such as `nodejs_compat`. Default: none. */
  readonly compatibilityFlags?: readonly string[];
  /** Texts in the worker's `env`. Default: none. */
  readonly bindings?: Readonly<Record<string, string>>;
  /** Bindings whose `fetch` has a client certificate, as Cloudflare's mTLS bindings do, or hasn't. Default: none. */
  readonly tlsBindings?: Readonly<Record<string, { readonly cert: string; readonly key: string } | undefined>>;
  /** The authority that those trust, as PEM text. */
  readonly authority?: string;
}

/** A worker that answers. Disposing of it ends its process and removes its files. */
export interface RunningWorker extends AsyncDisposable {
  readonly url: URL;
  /** Its process id. */
  readonly pid: number;
  /** The worker's logs so far. */
  printed(): string;
}

/** Starts workerd on a free port of 127.0.0.1 and waits until it listens there. */
export async function startWorker(executable: string, options: WorkerOptions): Promise<RunningWorker> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder("workerd_"));
  await Deno.writeTextFile(join(folder, "worker.js"), options.script);
  await Deno.writeTextFile(join(folder, "config.capnp"), configuration(options));
  // Its port comes as a line of JSON on the control descriptor: here stdout.
  const args = ["serve", "--control-fd=1", join(folder, "config.capnp")];
  const ready = /"event":"listen","socket":"http","port":(\d+)}/;
  const program = stack.use(await startProgram(executable, { args, ready }));
  const url = new URL(`http://127.0.0.1:${program.match[1]}/`);
  return Object.assign(stack.move(), { url, pid: program.pid, printed: program.printed });
}

// A JSON string is a Cap'n Proto string too.
function configuration(options: WorkerOptions): string {
  const { compatibilityDate, compatibilityFlags = [], bindings = {}, tlsBindings = {}, authority = "" } = options;
  const quote = JSON.stringify;
  const list = <Value>(values: Record<string, Value>, write: (name: string, value: Value) => string) =>
    Object.entries(values).map(([name, value]) => `(name = ${quote(name)}, ${write(quote(name), value)})`).join(", ");
  const texts = list(bindings, (_, text) => `text = ${quote(text)}`);
  const services = list(tlsBindings, (name) => `service = ${name}`);
  const networks = list(tlsBindings, (_, pair) => {
    const keypair = pair ? `keypair = (privateKey = ${quote(pair.key)}, certificateChain = ${quote(pair.cert)}),` : "";
    const tlsOptions = `${keypair} trustedCertificates = [${quote(authority)}]`;
    return `network = (allow = ["private", "local"], tlsOptions = (${tlsOptions}))`;
  });
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    # The default is "public" alone, which leaves out the loopback servers of a test.
    (name = "internet", network = (allow = ["public", "private", "local"])),
    ${networks}
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = ${quote(compatibilityDate)},
  compatibilityFlags = ${quote(compatibilityFlags)},
  bindings = [${[texts, services].filter(Boolean).join(", ")}],
);
`;
}
