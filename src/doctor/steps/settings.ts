/**
 * The settings: what the config store says, and what the servers that it asks answer.
 *
 * @module
 */

import { checkHeaderKey, checkResource, checkScopes, checkString, checkUrl } from "../../arguments.ts";
import { systemClock } from "../../clock.ts";
import type { ClientConfig } from "../../config_store/client_config_store.ts";
import { AuthenticationError } from "../../errors.ts";
import { isExposed } from "../../http/loopback.ts";
import { rootMessage } from "../../http/network_errors.ts";
import { withDeadline } from "../../refresh/deadlines.ts";
import { formatUrl } from "../../token_endpoint/exchange.ts";
import { explainDiscovery, readMetadata } from "../discovery_answers.ts";
import type { Examination, Finding, Step } from "../examination.ts";
import { describeFailure } from "../failure_advice.ts";
import { classifyFailure } from "../network_failure.ts";
import { readAdvice } from "../own_advice.ts";
import { noteUnreached } from "../reach.ts";
import { record } from "../recording.ts";

const name = "settings";

/** Asks the config store by the options' transport, as the authenticator does. */
export const settings: Step = {
  name,
  patience: 3,
  async run(examination) {
    const { options, facts, signal, stepTimeout } = examination;
    const { configStore, clientAuth, clientSecret, basicEncoding, clock = systemClock } = options;
    if (typeof configStore?.getClientConfig !== "function") return [];
    const asked = new Map<string, URL>();
    const recording = record({
      fetch: examination.fetch,
      clock,
      onRequest: (url) => void asked.set(url.href, url),
      onSecret: examination.addSecret,
    });
    const authMethod = clientAuth?.method ?? (clientSecret ? "client_secret_basic" : undefined);
    const alternative = !clientAuth && clientSecret && !basicEncoding ? "client_secret_post" : undefined;
    const client = { authMethod, alternative };
    let config: ClientConfig | undefined;
    let failure: Error | undefined;
    try {
      // It may ask at several places, one after the other.
      const error = () => new AuthenticationError("timeout", `it gave nothing within ${2 * stepTimeout} ms`);
      config = Object(
        await withDeadline(
          { timeout: 2 * stepTimeout, signal, error },
          async (signal) => await configStore.getClientConfig({ signal, fetch: recording.fetch, ...client }),
        ),
      );
    } catch (error) {
      signal.throwIfAborted();
      failure = error as Error;
    }
    await recording.settled();
    facts.settingsUrls.push(...asked.values());
    facts.settingsAnswers.push(...recording.exchanges);
    const metadata = recording.exchanges.map(readMetadata).find((found) => found !== undefined);
    if (metadata) facts.metadata = metadata;
    return failure ? [await explainFailure(failure, examination)] : useSettings(config!, examination);
  },
};

/** Checks the settings as a token request does. */
function useSettings(config: ClientConfig, examination: Examination): Finding[] {
  const { facts, options: { allowInsecureRequests } } = examination;
  let url: URL;
  try {
    url = checkUrl("tokenEndpoint", config.tokenEndpoint);
    checkScopes(config.scopes);
    checkString("audience", config.audience);
    checkResource(config.resource);
    checkHeaderKey(config.headerKey);
    checkString("issuer", config.issuer);
  } catch (error) {
    const message = (error as TypeError).message;
    const option = examination.nameOption(/^\w+/.exec(message)?.[0] ?? "configStore");
    return [{
      name,
      status: "failed",
      code: "invalid_option",
      seen: `The settings can't be used: ${examination.redact(message)}`,
      change: `Correct ${option} in the settings.`,
    }];
  }
  facts.settings = config;
  const oddity = url.search || url.hash ? " Its query or fragment isn't shown." : "";
  const issuer = config.issuer ? ` Issuer: ${config.issuer}.` : "";
  const seen = `Token endpoint: ${formatUrl(url)}.${issuer}${oddity}`;
  if (!isExposed(url) || allowInsecureRequests) return [{ name, status: "passed", seen }];
  facts.noTokenRequest = "Not made: the token endpoint is http: and not on loopback, where no secret is sent.";
  return [{
    name,
    status: "failed",
    code: "http_endpoint",
    seen: `${seen} It is http: and not on loopback: the secret could be read on the way, so none is sent.`,
    change: `Write ${examination.nameOption("tokenEndpoint")} with "https:" (or, in a closed network, set ${
      examination.nameOption("allowInsecureRequests")
    }).`,
  }];
}

/** Says why the store gave no settings. */
async function explainFailure(error: Error, examination: Examination): Promise<Finding> {
  const { facts } = examination;
  const { code, cause } = Object(error);
  const isOurs = error instanceof AuthenticationError;
  const message = isOurs && cause === undefined ? error.message : examination.redact(rootMessage(error));
  const failed = (rest: Omit<Finding, "name" | "status">): Finding => ({ name, status: "failed", ...rest });
  if (isOurs && /^Cannot authenticate by/.test(message)) {
    return failed({ code: "auth_method_unsupported", seen: message, change: readAdvice(message) ?? message });
  }
  if (code === "insecure_endpoint") {
    const option = examination.nameOption("allowInsecureRequests");
    return failed({
      code: "http_endpoint",
      seen: message,
      change: `Have the server publish an "https:" token endpoint, or set ${option} on the config store.`,
    });
  }
  const url = facts.settingsUrls.at(-1);
  const isNetwork = isOurs && /^(network_error|tls_failed|proxy_failed|timeout|permission_denied)$/.test(error.code);
  const published = isNetwork ? undefined : await explainDiscovery(examination);
  if (published) return failed(published);
  if (isNetwork && url) {
    noteUnreached(examination, url, error);
    const found = classifyFailure(error, url.hostname);
    // That it may be connected to, as the next checks find, explains nothing.
    if (/^(connection_(timeout|closed)|not_http|unexplained)$/.test(found.code)) {
      return await describeFailure(name, { role: name, url }, found, examination);
    }
    return failed({
      code: "settings_unavailable",
      seen: `${url.origin} can't be asked for the settings: ${found.state}.`,
      change: "See what the next checks say of this server.",
    });
  }
  return failed({
    code: "settings_unavailable",
    seen: message,
    change: readAdvice(message) ??
      `Correct what ${examination.nameOption("configStore")} reads, or set ${
        examination.nameOption("tokenEndpoint")
      } itself (StaticClientConfigStore).`,
  });
}
