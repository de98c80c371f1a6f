/**
 * Proxies: which one is used, by which option or variable, and whether it lets requests through.
 *
 * @module
 */

import { parseJsonObject } from "../../http/json.ts";
import { rootMessage } from "../../http/network_errors.ts";
import { parseProxyUrl } from "../../transport/proxy_url.ts";
import type { DiagnosisCode } from "../codes.ts";
import type { Examination, Finding, Reach, Step } from "../examination.ts";
import { classifyFailure } from "../network_failure.ts";
import { findBypass, findProxy, listProxyVariables, type Proxy } from "../proxies.ts";
import { reach } from "../reach.ts";
import { ask, connect, viewTls } from "../sockets.ts";
import { bareHost, gather, listTargets, nameCheck, readPort, type Target } from "../targets.ts";

const name = "proxy";

/** Looks at the option, and at the variables that this runtime follows or doesn't. */
export const proxy: Step = {
  name,
  patience: 2,
  async run(examination) {
    const targets = listTargets(examination);
    const findings = (await Promise.all(targets.map((target) => examine(target, examination)))).flat();
    if (findings.length > 0) return gather(name, findings.filter(isFirst));
    return [{ name, status: "passed", seen: "None is set; servers are connected to directly." }];
  },
};

/** Whether a remark isn't one that another server gave rise to, too. */
function isFirst({ code, status }: Finding, index: number, all: readonly Finding[]): boolean {
  return status !== "warned" || all.findIndex((each) => each.code === code && each.status === status) === index;
}

async function examine(target: Target, examination: Examination): Promise<Finding[]> {
  const { url } = target;
  const used = findProxy(examination, url);
  if (!used) return await explainUnused(target, examination);
  const place = `${used.url.origin} (${used.name})`;
  const reached = await reach(examination, target);
  const finding = isProxyAnswer(reached) ? await explainProxy(target, used, reached, examination) : undefined;
  if (!finding) return [{ name, status: "passed", seen: `${url.host} is reached by way of ${place}.` }];
  examination.facts.unreachable.add(url.origin);
  const bypass = findBypass(examination, url);
  const note = bypass && !bypass.isFollowed && used.name !== examination.nameOption("httpProxyUrl")
    ? ` NO_PROXY names it (${bypass.entry}), in a form that this runtime doesn't understand.`
    : "";
  return [{ ...finding, name: nameCheck(name, target), seen: finding.seen + note }];
}

/** Whether an answer may be a proxy's own: of a request by `http:`, all answers look the same. */
function isProxyAnswer({ answer }: Reach): boolean {
  return !answer || answer.status === 407 ||
    [403, 502, 503, 504].includes(answer.status) && !parseJsonObject(answer.text);
}

/** Says what a proxy does to a request, by asking it; `undefined` if it is no fault of the proxy's. */
async function explainProxy(
  { url }: Target,
  { url: proxy, name: option }: Proxy,
  reached: Reach,
  examination: Examination,
): Promise<Finding | undefined> {
  const { stepTimeout: timeout, signal } = examination;
  const place = `The proxy ${proxy.origin} (${option})`;
  const fail = (code: DiagnosisCode, state: string, change: string): Finding => ({
    ...{ name, status: "failed", code, seen: `${place} ${state}`, change },
  });
  const checkUrl = `Check the host and port of ${option}, or remove it where no proxy is needed.`;
  const failure = reached.error && classifyFailure(reached.error, url.hostname);
  const connected = await connect({ host: bareHost(proxy), port: readPort(proxy), timeout, signal });
  if (connected.outcome === "failed") {
    const { state } = classifyFailure(connected.error, proxy.hostname);
    return fail("proxy_unreachable", `can't be reached: ${state}.`, checkUrl);
  }
  if (proxy.protocol === "https:") {
    const view = await viewTls({ host: bareHost(proxy), port: readPort(proxy), timeout, signal });
    const isPlain = view?.error && classifyFailure(view.error, proxy.hostname).code === "not_tls";
    if (isPlain) {
      // Left open, it would keep the program running.
      if (connected.outcome === "connected") connected.socket.destroy();
      return fail("proxy_unreachable", "doesn't speak TLS at this port.", `Write ${option} with "http:".`);
    }
  }
  let status = reached.answer?.status ?? 0;
  if (connected.outcome === "connected") {
    const { authorization } = parseProxyUrl(proxy.href)!;
    const login = authorization ? `Proxy-Authorization: ${authorization}\r\n` : "";
    const host = `${url.hostname}:${readPort(url)}`;
    // A proxy that speaks TLS itself isn't asked: `fetch` has said enough.
    const request = proxy.protocol === "https:" ? "" : `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n${login}\r\n`;
    const answer = request && await ask(connected.socket, request, timeout, signal).catch(rootMessage);
    connected.socket.destroy();
    status = Number(/^HTTP\/1\.\d (\d+)/.exec(answer)?.[1] ?? status);
    if (request && status === 0) return fail("proxy_refused", "answers nothing that HTTP proxies answer.", checkUrl);
  }
  if (status === 407 || failure?.code === "proxy_login_required") {
    const hasLogin = proxy.username !== "" || proxy.password !== "";
    return fail(
      "proxy_login_required",
      hasLogin ? "refuses the user name and password it is given (407)." : "requires a user name and password (407).",
      `Write ${hasLogin ? "the right ones, percent-encoded," : "them"} into ${option}: ` +
        `http://user:password@${proxy.host}.`,
    );
  }
  // Many proxies open no tunnels to ports of http:, and send on what they are sent.
  const isRefusal = status >= 300 && (url.protocol === "https:" || status === reached.answer?.status);
  if (isRefusal || failure?.code === "proxy_refused") {
    const isOption = option === examination.nameOption("httpProxyUrl");
    const detour = isOption ? `remove ${option}` : `set NO_PROXY=${bareHost(url)}, or unset ${option}`;
    return status >= 500
      ? fail(
        "proxy_refused",
        `doesn't get through to ${url.host} (${status}).`,
        `Check the host and port of that server, and whether the proxy can reach it; or go around it: ${detour}.`,
      )
      : fail(
        "proxy_refused",
        `refuses to let requests to ${url.host} through (${status}).`,
        `Have the proxy allow ${url.host}, or go around it: ${detour}.`,
      );
  }
  return undefined;
}

/** Says why variables that name a proxy have no effect. */
async function explainUnused(target: Target, examination: Examination): Promise<Finding[]> {
  const { url } = target;
  const { host, options, facts, nameOption } = examination;
  const [variable] = listProxyVariables(examination, url);
  if (!variable) return [];
  const bypass = findBypass(examination, url);
  const note = bypass?.isFollowed
    ? `NO_PROXY (${bypass.entry}) exempts ${url.host}`
    : options.fetch && `whether it counts is up to ${nameOption("fetch")}`;
  if (note) return [{ name, status: "passed", seen: `${variable.name} is set; ${note}.` }];
  if (bypass) return [];
  const { error } = await reach(examination, target);
  // What is no fault of the connection, no proxy would cure.
  const isCause = error && /^(name_|connection_)/.test(classifyFailure(error, url.hostname).code);
  if (isCause) facts.unreachable.add(url.origin);
  const state = isCause ? `without it, ${url.host} can't be reached` : `${url.host} is reached without it`;
  const variables = host === "node" ? "Set NODE_USE_ENV_PROXY=1 (without effect on ALL_PROXY), or set" : "Set";
  return [{
    name: nameCheck(name, target),
    status: isCause ? "failed" : "warned",
    code: "proxy_variable_ignored",
    seen: `${variable.name} is set, and this runtime doesn't follow it; ${state}.`,
    change: `${variables} ${nameOption("httpProxyUrl")}.`,
  }];
}
