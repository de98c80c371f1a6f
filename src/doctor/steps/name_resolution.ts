/**
 * Name resolution: the addresses, by family, of the hosts that are connected to.
 *
 * @module
 */

import type * as Dns from "node:dns/promises";
import { isDenied } from "../../http/network_errors.ts";
import { waitFor } from "../../refresh/deadlines.ts";
import type { Examination, Finding, Step } from "../examination.ts";
import { describeFailure } from "../failure_advice.ts";
import { findProxy } from "../proxies.ts";
import { reach } from "../reach.ts";
import { bareHost, gather, isAddress, listTargets, type Target } from "../targets.ts";

const name = "name resolution";

/** Asks the system's resolver for each host. A proxy resolves the names of those behind it. */
export const nameResolution: Step = {
  name,
  patience: 2,
  async run(examination) {
    const targets = listTargets(examination).filter(({ url }) =>
      !isAddress(bareHost(url)) && !findProxy(examination, url)
    );
    const hosts = new Map(targets.map((target) => [target.url.hostname, target]));
    let dns: typeof Dns;
    try {
      dns = await import("node:dns/promises");
    } catch {
      return [];
    }
    return gather(name, await Promise.all([...hosts.values()].map((target) => resolve(target, dns, examination))));
  },
};

async function resolve(target: Target, dns: typeof Dns, examination: Examination): Promise<Finding> {
  const { facts, signal, stepTimeout: timeout } = examination;
  const { url } = target;
  const host = bareHost(url);
  let reason: string;
  try {
    const addresses = await waitFor(dns.lookup(host, { all: true }), { timeout, signal });
    const [v4, v6] = [4, 6].map((each) => addresses.filter(({ family }) => family === each).map((it) => it.address));
    const shown = [...v4!.slice(0, 2), ...v6!.slice(0, 2)].join(", ");
    const rest = v6!.length === 0 ? " (v4 only)" : v4!.length === 0 ? " (v6 only)" : "";
    if (addresses.length > 0) return { name, status: "passed", seen: `${host}: ${shown}${rest}.` };
    reason = "no address";
  } catch (error) {
    signal.throwIfAborted();
    // Deno says so as well by a code of the system's.
    if (isDenied(error) || Object(error).code === "EPERM") {
      return { name, status: "skipped", seen: `${host}: the runtime may not ask for it.` };
    }
    reason = String(Object(error).code ?? "no answer");
  }
  if ((await reach(examination, target)).answer) {
    return { name, status: "passed", seen: `${host}: unknown to the system (${reason}); the transport reaches it.` };
  }
  facts.unreachable.add(url.origin);
  const failure = { code: "name_not_resolved", state: `its name has no address (${reason})` } as const;
  return await describeFailure(name, target, failure, examination);
}
