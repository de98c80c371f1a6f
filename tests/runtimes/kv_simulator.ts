/**
 * Workers KV in workerd, which has the binding but no namespace behind it. That is miniflare's, a worker too. Miniflare
 * itself isn't run: it needs Node and forty megabytes of packages, for the configuration below.
 *
 * It refuses what KV refuses, and is consistent at once: its reads aren't cached.
 *
 * @module
 */
import { join } from "node:path";
import { npmPackage } from "./npm_package.ts";

const version = "5.20261117.0-beta";
const files = ["kv/namespace", "shared/object-entry", "shared/index"].map((name) => `${name}.worker.js`);
const [namespaceFile, entryFile, sharedFile] = files.map((file) => file.replace("/", "_"));

/** Copies the simulator's files to where the configuration is. */
export async function copyKvSimulator(folder: string): Promise<void> {
  const workers = await npmPackage(`miniflare@${version}`, "dist/src/workers/");
  for (const file of files) await Deno.copyFile(join(workers, file), join(folder, file.replace("/", "_")));
}

const date = `compatibilityDate = "2023-07-24"`;

/** A namespace as the service `kv`, which keeps it in the service `disk`; as Cap'n Proto text. */
export const kvServices = `
    (name = "kv", worker = (
      modules = [(name = "entry.js", esModule = embed "${entryFile}")],
      ${date},
      bindings = [
        (name = "MINIFLARE_NAMESPACE", text = "tokens"),
        (name = "MINIFLARE_OBJECT", durableObjectNamespace = (className = "KVNamespaceObject", serviceName = "kv objects")),
      ],
    )),
    (name = "kv objects", worker = (
      modules = [(name = "namespace.js", esModule = embed "${namespaceFile}")],
      ${date},
      compatibilityFlags = ["nodejs_compat", "experimental"],
      durableObjectNamespaces = [(className = "KVNamespaceObject", uniqueKey = "kv", enableSql = true)],
      durableObjectStorage = (localDisk = "disk"),
      bindings = [(name = "MINIFLARE_BLOBS", service = "disk")],
    )),`;

/** What these import. */
export const kvExtensions = `(modules = [(name = "miniflare:shared", esModule = embed "${sharedFile}")])`;
