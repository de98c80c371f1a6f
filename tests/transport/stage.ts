/**
 * Sets up what the cases name: certificates, servers, a proxy for each case.
 *
 * @module
 */

import { join } from "node:path";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { type Proxy, startProxy } from "../servers/proxy.ts";
import { closedPort } from "../servers/fault_server.ts";
import { certificateAuthority } from "../servers/tls_certificates.ts";
import { startTlsServer } from "../servers/tls_server.ts";
import type { Setup, TransportCase } from "./cases.ts";
import type { PreparedCase } from "./program.ts";

/** A password that needs encoding. */
const proxyPassword = "p@ss:w%rd-4711";
const login = `user:${proxyPassword}`;
const refusing = { forbidding: { refuseWith: 403 }, broken: { refuseWith: 502 } };
const proxySettings = { open: {}, guarded: { credentials: login }, ...refusing };

export type Stage = Awaited<ReturnType<typeof setStage>>;

export async function setStage() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder("transport_"));
  const [ours, others] = [await certificateAuthority("Our CA"), await certificateAuthority("Another CA")];
  const server = { subject: "server", hosts: ["localhost"], addresses: ["127.0.0.1"] };
  const client = { subject: "my-client", usage: "client" } as const;
  const [good, right, strange] = [await ours.issue(server), await ours.issue(client), await others.issue(client)];
  const serve = async (options?: Parameters<typeof startTlsServer>[0]) => stack.use(await startTlsServer(options));
  const servers = {
    "plain": await serve(),
    "good": await serve({ certificate: good }),
    "expired": await serve({ certificate: await ours.issue({ ...server, expiresIn: -60_000 }) }),
    "wrong host": await serve({ certificate: await ours.issue({ subject: "server", hosts: ["elsewhere.test"] }) }),
    "mutual": await serve({ certificate: good, clientAuthority: ours.pem }),
  };

  const write = async (name: string, text: string) => {
    const path = join(folder.path, name);
    await Deno.writeTextFile(path, text);
    return path;
  };
  const missing = join(folder.path, "missing.pem");
  const authorities = {
    "our CA": ours.pem,
    "our CA's file": await write("ca.pem", ours.pem),
    "another CA": others.pem,
    "no file": missing,
    "damaged": ours.pem.replace(/\n.{9}/, "\n"),
    "no certificate": await write("empty.pem", "nothing to see here\n"),
  };
  const certificates = {
    "right": right,
    "right, in files": { cert: await write("client.pem", right.cert), key: await write("client.key", right.key) },
    "another CA's": strange,
    "no file": { cert: missing, key: right.key },
    "another's key": { cert: right.cert, key: strange.key },
    "no key": { cert: right.cert, key: right.cert },
  };

  const proxies = new Map<string, Proxy>();
  const stage = stack.move();
  async function startCaseProxy(name: string, proxy: NonNullable<Setup["proxy"]>, login: Setup["login"]) {
    if (proxy === "dead") return `http://127.0.0.1:${await closedPort()}`;
    const started = stage.use(await startProxy(proxySettings[proxy]));
    proxies.set(name, started);
    const password = encodeURIComponent(login === "right" ? proxyPassword : `${proxyPassword}!`);
    return login ? started.url.replace("://", `://user:${password}@`) : started.url;
  }

  return {
    servers,
    /** The proxies of the cases, by their names. */
    proxies,
    /** What no message may show. */
    secrets: [
      ...["s3cret", proxyPassword, encodeURIComponent(proxyPassword), btoa(login), btoa("my-client:s3cret")],
      ...right.key.split("\n").filter((line) => line.length === 64),
    ],
    async prepare(
      [name, { server = "plain", proxy, login, verify, certificate }]: TransportCase,
    ): Promise<PreparedCase> {
      const options = {
        ...proxy && { httpProxyUrl: await startCaseProxy(name, proxy, login) },
        ...verify !== undefined && { verify: verify && authorities[verify] },
        ...certificate && { clientCertificate: certificates[certificate] },
      };
      return { name, origin: servers[server].origin, options };
    },
    [Symbol.asyncDispose]: () => stage.disposeAsync(),
  };
}
