/**
 * Connections: whether the hosts' ports can be reached.
 *
 * @module
 */

import { isLoopback } from "../../http/loopback.ts";
import type { Examination, Finding, Step } from "../examination.ts";
import { classifyFailure } from "../network_failure.ts";
import { findProxy } from "../proxies.ts";
import { reach } from "../reach.ts";
import { connect } from "../sockets.ts";
import { bareHost, listTargets, nameCheck, readPort, type Target } from "../targets.ts";
import { nameOptions } from "./name_resolution.ts";

const name = "connection";

/** Connects to each host, by a request without credentials, and by a socket where that fails. */
export const connection: Step = {
  name,
  patience: 2,
  async run(examination) {
    const targets = listTargets(examination).filter(({ url }) =>
      !examination.facts.unreachable.has(url.origin) && !findProxy(examination, url)
    );
    const findings = await Promise.all(targets.map((target) => examine(target, examination)));
    const passed = findings.filter(({ status }) => status === "passed").map(({ seen }) => seen);
    const others = findings.filter(({ status }) => status !== "passed");
    return passed.length > 0 ? [{ name, status: "passed", seen: `${passed.join(", ")}.` }, ...others] : others;
  },
};

async function examine(target: Target, examination: Examination): Promise<Finding> {
  const { facts, options, stepTimeout: timeout, signal } = examination;
  const { url } = target;
  const [host, port] = [bareHost(url), readPort(url)];
  const { answer, error } = await reach(examination, target);
  if (answer) {
    return {
      name,
      status: "passed",
      seen: `${url.host} (${target.role}) answers within ${Math.ceil(answer.duration)} ms`,
    };
  }
  const connected = await connect({ host, port, timeout, signal });
  const other = isLoopback(url.hostname) ? await findOtherFamily(examination, target) : undefined;
  if (connected.outcome === "connected") connected.socket.destroy();
  if (connected.outcome === "connected" && !other) {
    return { name, status: "passed", seen: `${url.host} (${target.role}) accepts connections` };
  }
  const failure = classifyFailure(connected.outcome === "failed" ? connected.error : error, host);
  // What is no fault of the connection is for the next steps.
  if (connected.outcome === "unknown" && !isConnection.test(failure.code)) {
    return { name, status: "passed", seen: `${url.host} (${target.role}) can be connected to` };
  }
  facts.unreachable.add(url.origin);
  const failed = (rest: Pick<Finding, "code" | "seen" | "change">): Finding => ({
    name: nameCheck(name, target),
    status: "failed",
    ...rest,
  });
  if (other) {
    return failed({
      code: "localhost_other_family",
      seen: `Nothing answers at ${url.host} as this runtime resolves it, but at ${other} a server listens.`,
      change: `Write ${nameOptions(target, examination)} with ${other}, or let the server listen on both families.`,
    });
  }
  const place = `${url.host} (${target.role})`;
  const where = nameOptions(target, examination);
  if (failure.code === "permission_denied") {
    return failed({
      code: failure.code,
      seen: `The runtime may not reach ${place}.`,
      change: `Run with --allow-net=${url.host}.`,
    });
  }
  if (failure.code === "connection_timeout") {
    const proxy = options.fetch ? "" : `, or set ${examination.nameOption("httpProxyUrl")} if a proxy leads there`;
    return failed({
      code: failure.code,
      seen: `${place} doesn't answer within ${timeout} ms: the port may be blocked by a firewall.`,
      change: `Check the host and port of ${where}; have the firewall let ${host}:${port} through${proxy}.`,
    });
  }
  return failed({
    code: failure.code,
    seen: `${place}: ${failure.state}.`,
    change: `Check the host and port of ${where}, and that the server runs.`,
  });
}

const isConnection = /^(name_not_resolved|connection_refused|connection_timeout|permission_denied)$/;

/** The loopback address of the other family at which something listens, if there is such a thing. */
async function findOtherFamily(
  { stepTimeout: timeout, signal }: Examination,
  { url }: Target,
): Promise<string | undefined> {
  const port = readPort(url);
  const hosts = ["127.0.0.1", "::1"].filter((host) => host !== bareHost(url));
  const listening = await Promise.all(["127.0.0.1", "::1"].map(async (host) => {
    const connected = await connect({ host, port, timeout: Math.min(timeout, 1_000), signal });
    if (connected.outcome === "connected") connected.socket.destroy();
    return connected.outcome === "connected" ? host : undefined;
  }));
  const found = listening.filter((host) => host !== undefined);
  // Where both listen, or the address that was asked for, it isn't the family.
  const [host] = found.length === 1 && hosts.includes(found[0]!) ? found : [];
  return host === undefined ? undefined : host === "::1" ? `[::1]:${port}` : `${host}:${port}`;
}
