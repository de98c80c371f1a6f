/** A worker running in workerd on a loopback port, until it is disposed of. @module */
import { join } from "node:path";
import { copyKvSimulator, kvExtensions, kvServices } from "./kv_simulator.ts";
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
  /** How many isolates run it. Default: 1. */
  readonly isolates?: number;
  /** Bindings to Durable Objects, by the classes that the worker exports. Default: none. */
  readonly objects?: Readonly<Record<string, string>>;
  /** A binding to a KV namespace. Default: none. */
  readonly kv?: string;
  /** A folder where Durable Objects and KV are kept. Default: one that is removed with the worker. */
  readonly storage?: string;
}

/** A worker that answers. Disposing of it ends its process and removes its files. */
export interface RunningWorker extends AsyncDisposable {
  readonly url: URL;
  /** The URL of each isolate; `url` is the first one's. */
  readonly urls: readonly URL[];
  /** Its process id. */
  readonly pid: number;
  /** The worker's logs so far. */
  printed(): string;
}

/** Starts workerd on a free port of 127.0.0.1, for each isolate, and waits until it listens there. */
export async function startWorker(executable: string, options: WorkerOptions): Promise<RunningWorker> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder("workerd_"));
  const { isolates = 1, kv, storage = join(folder, "storage") } = options;
  await Deno.mkdir(storage, { recursive: true });
  await Deno.writeTextFile(join(folder, "worker.js"), options.script);
  if (kv) await copyKvSimulator(folder);
  await Deno.writeTextFile(join(folder, "config.capnp"), configuration({ ...options, isolates, storage }));
  // Its ports come as lines of JSON on the control descriptor: here stdout.
  const args = ["serve", ...kv ? ["--experimental"] : [], "--control-fd=1", join(folder, "config.capnp")];
  const ready = new RegExp(Array(isolates).fill('"event":"listen","socket":"http","port":(\\d+)}').join("[^]*"));
  const program = stack.use(await startProgram(executable, { args, ready }));
  const urls = program.match.slice(1).map((port) => new URL(`http://127.0.0.1:${port}/`));
  return Object.assign(stack.move(), { url: urls[0]!, urls, pid: program.pid, printed: program.printed });
}

// A JSON string is a Cap'n Proto string too.
function configuration(options: WorkerOptions & { readonly isolates: number; readonly storage: string }): string {
  const { compatibilityDate, compatibilityFlags = [], bindings = {}, tlsBindings = {}, authority = "" } = options;
  const { isolates, storage, objects = {}, kv } = options;
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
  // All isolates use the objects of the first.
  const stores = [
    list(objects, (_, name) => `durableObjectNamespace = (className = ${quote(name)}, serviceName = "http 0")`),
    list(kv ? { [kv]: "" } : {}, () => `kvNamespace = "kv"`),
  ];
  const names = Array.from({ length: isolates }, (_, index) => `"http ${index}"`);
  const classes = Object.values(objects).map((name) =>
    `(className = ${quote(name)}, uniqueKey = ${quote(name)}, enableSql = true)`
  );
  const worker = (name: string) =>
    `(name = ${name}, worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = ${quote(compatibilityDate)},
      compatibilityFlags = ${quote(compatibilityFlags)},
      bindings = [${[texts, services, ...stores].filter(Boolean).join(", ")}],
      ${name === names[0] ? `durableObjectNamespaces = [${classes}], durableObjectStorage = (localDisk = "disk"),` : ""}
    )),`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${names.map(worker).join("\n")}
    # The default is "public" alone, which leaves out the loopback servers of a test.
    (name = "internet", network = (allow = ["public", "private", "local"])),
    (name = "disk", disk = (path = ${quote(storage)}, writable = true)),
    ${kv ? kvServices : ""}
    ${networks}
  ],
  sockets = [${names.map((name) => `(name = "http", address = "127.0.0.1:0", http = (), service = ${name})`)}],
  extensions = [${kv ? kvExtensions : ""}],
);
`;
}
