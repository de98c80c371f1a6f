/**
 * Connections by `node:` modules, where the runtime has them: they say more than `fetch` does.
 *
 * @module
 */

import type * as Net from "node:net";
import type * as Tls from "node:tls";
import { isDenied } from "../http/network_errors.ts";
import { isPermitted } from "./permissions.ts";
import { isAddress } from "./targets.ts";

/** Where to connect to, and for how long to try, in milliseconds. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** What came of a connection: `unknown` where this runtime can't make one, or may not. */
export type Connected = { readonly outcome: "connected"; readonly socket: Net.Socket } | {
  readonly outcome: "failed";
  readonly error: Error;
} | { readonly outcome: "unknown" };

/** Opens a TCP connection. The caller destroys its socket. */
export async function connect({ host, port, timeout, signal }: Place): Promise<Connected> {
  let net: typeof Net;
  try {
    net = await import("node:net");
  } catch {
    return { outcome: "unknown" };
  }
  const socket = net.connect({ host, port });
  const failure = await settle(socket, "connect", timeout, signal);
  if (!failure) return { outcome: "connected", socket };
  return isDenied(failure) ? { outcome: "unknown" } : { outcome: "failed", error: failure };
}

/** Sends one request over a TCP connection, and resolves to the first of the answer. */
export async function ask(socket: Net.Socket, text: string, timeout: number, signal: AbortSignal): Promise<string> {
  const answer = new Promise<string>((resolve) => {
    socket.once("data", (data: Uint8Array) => resolve(new TextDecoder().decode(data)));
    socket.once("close", () => resolve(""));
  });
  socket.write(text);
  const failure = await settle(socket, "data", timeout, signal);
  if (failure) throw failure;
  return await answer;
}

/** What a server shows of itself by TLS. */
export interface TlsView {
  readonly certificate?: Tls.DetailedPeerCertificate | undefined;
  /** Why it isn't trusted, as OpenSSL calls it; `undefined` if it is, or if there is no certificate. */
  readonly distrust?: string | undefined;
  /** Why it isn't for this name. */
  readonly mismatch?: string | undefined;
  /** Why no handshake came about, or what the server said to the first data. */
  readonly error?: Error | undefined;
}

/** Looks at a server's certificate, whether it is trusted or not; `undefined` where this runtime can't. */
export async function viewTls(
  { host, port, timeout, signal }: Place,
  { ca, ...options }: Tls.ConnectionOptions & { readonly ca?: string | undefined } = {},
): Promise<TlsView | undefined> {
  let tls: typeof Tls;
  try {
    tls = await import("node:tls");
  } catch {
    return undefined;
  }
  // RFC 6066 §3: an address is no server name.
  const servername = isAddress(host) ? "" : host;
  const authorities = ca ? { ca: [...listAuthorities(tls), ca] } : {};
  const socket = tls.connect({ ...options, ...authorities, host, port, servername, rejectUnauthorized: false });
  let view: TlsView = {};
  socket.once("secureConnect", () => {
    // At once: Deno shows no certificate of a connection that has ended, and an alert may come with the handshake's end.
    const certificate = socket.getPeerCertificate(true) ?? undefined;
    const { authorized, authorizationError } = socket;
    const reason = Object(authorizationError).code ?? authorizationError;
    const mismatch = certificate?.valid_to ? tls.checkServerIdentity(host, certificate)?.message : undefined;
    view = { certificate, distrust: authorized ? undefined : String(reason ?? "unknown"), mismatch };
    // With TLS 1.3 the server checks the client's certificate after the handshake, and says so after the first data.
    socket.write(`HEAD / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
  });
  const refusing = settle(socket, "data", timeout + patience, signal);
  const failure = await settle(socket, "secureConnect", timeout, signal);
  const refusal = failure ?? await refusing;
  socket.destroy();
  if (isDenied(failure)) return undefined;
  // Silence after the handshake is no refusal.
  return { ...view, error: failure || refusal?.message !== silence ? refusal : undefined };
}

/** The runtime's own authorities, which others would replace. Deno needs a permission for them. */
function listAuthorities(tls: typeof Tls): readonly string[] {
  if (!isPermitted({ name: "sys", kind: "ca" })) return [];
  return tls.getCACertificates?.("default") ?? tls.rootCertificates;
}

const silence = "timed out";

/** How long an answer to the first data is waited for, at least, in milliseconds. */
const patience = 1_500;

/** Waits for an event, and returns what came in its place. */
function settle(socket: Net.Socket, event: string, timeout: number, signal: AbortSignal): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const end = (error?: Error) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      if (error) socket.destroy();
      resolve(error);
    };
    const stop = () => end(new Error("aborted"));
    const timer = setTimeout(() => end(new Error(silence)), timeout);
    signal.addEventListener("abort", stop, { once: true });
    socket.once(event, () => end());
    socket.on("error", end);
    socket.once("close", () => end(new Error("the server closed the connection")));
  });
}
