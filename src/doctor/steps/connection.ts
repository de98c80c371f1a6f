/**
 * Connections: whether the hosts' ports can be reached.
 *
 * @module
 */

import { isLoopback } from "../../http/loopback.ts";
import type { Examination, Finding, Step } from "../examination.ts";
import { describeFailure, nameOptions } from "../failure_advice.ts";
import { classifyFailure } from "../network_failure.ts";
import { findProxy } from "../proxies.ts";
import { reach } from "../reach.ts";
import { connect } from "../sockets.ts";
import { bareHost, gather, listTargets, nameCheck, readPort, type Target } from "../targets.ts";

const name = "connection";

/** Connects to each host, by a request without credentials, and by a socket where that fails. */
export const connection: Step = {
  name,
  patience: 2,
  async run(examination) {
    const targets = listTargets(examination).filter(({ url }) =>
      !examination.facts.unreachable.has(url.origin) && !findProxy(examination, url)
    );
    return gather(name, await Promise.all(targets.map((target) => examine(target, examination))));
  },
};

async function examine(target: Target, examination: Examination): Promise<Finding> {
  const { facts, stepTimeout: timeout, signal } = examination;
  const { url } = target;
  const place = `${url.host} (${target.role})`;
  const { answer, error } = await reach(examination, target);
  if (answer) return { name, status: "passed", seen: `${place} answers within ${Math.ceil(answer.duration)} ms.` };
  const [connected, other] = await Promise.all([
    connect({ host: bareHost(url), port: readPort(url), timeout, signal }),
    isLoopback(url.hostname) ? findOtherFamily(examination, target) : undefined,
  ]);
  if (connected.outcome === "connected") {
    connected.socket.destroy();
    return { name, status: "passed", seen: `${place} accepts connections.` };
  }
  const failure = classifyFailure(connected.outcome === "failed" ? connected.error : error, url.hostname);
  // What is no fault of the connection is for the next steps.
  if (connected.outcome === "unknown" && !isConnection.test(failure.code)) {
    return { name, status: "skipped", seen: `${place}: this runtime shows no more than that no answer comes.` };
  }
  facts.unreachable.add(url.origin);
  if (!other || failure.code === "permission_denied") {
    const seen = failure.code === "connection_timeout"
      ? `${place} doesn't answer within ${timeout} ms: a firewall may block the port.`
      : undefined;
    return await describeFailure(name, target, failure, examination, seen);
  }
  return {
    name: nameCheck(name, target),
    status: "failed",
    code: "localhost_other_family",
    seen: `Nothing answers at ${url.host} as this runtime resolves it, but at ${other} a server listens.`,
    change: `Write ${nameOptions(target, examination)} with ${other}, or let the server listen on both families.`,
  };
}

const isConnection = /^(name_not_resolved|connection_refused|connection_timeout|permission_denied)$/;

/** The loopback address of the other family, if something listens there and nothing at the one that was asked for. */
async function findOtherFamily(
  { stepTimeout, signal }: Examination,
  { url }: Target,
): Promise<string | undefined> {
  const timeout = Math.min(stepTimeout, 1_000);
  const port = readPort(url);
  const tried = await Promise.all(["127.0.0.1", "::1"].map(async (host) => {
    const connected = await connect({ host, port, timeout, signal });
    if (connected.outcome !== "connected") return [];
    connected.socket.destroy();
    return [host];
  }));
  const listening = tried.flat();
  const [host] = listening;
  if (listening.length !== 1 || host === bareHost(url)) return undefined;
  return host === "::1" ? `[::1]:${port}` : `${host}:${port}`;
}
