/**
 * Finds out why a token endpoint rejects the client: by its secret, its certificate, or nothing at all.
 *
 * @module
 */

import { StaticClientConfigStore } from "../config_store/static.ts";
import { isTlsMethod } from "../discovery/auth_methods.ts";
import { parseJsonObject } from "../http/json.ts";
import { adviseOnMethods, describeUnadvertised } from "./advertised_methods.ts";
import { listVariants, nameWay } from "./client_variants.ts";
import type { Examination, Finding, TokenAttempt } from "./examination.ts";
import { certificateValue, nameSetting } from "./name_setting.ts";
import { findOddity, isBase64 } from "./odd_spelling.ts";
import type { OwnProofs } from "./own_proofs.ts";
import { explainRejectedAssertion } from "./rejected_assertion.ts";
import { type Changes, countAttempts, tryToken } from "./token_attempts.ts";
import { describeRefusal, isClientAccepted, isUnknownClient } from "./token_refusal.ts";

/** A client that was rejected. */
export interface RejectedClientContext {
  readonly examination: Examination;
  readonly own: OwnProofs;
  readonly attempt: TokenAttempt;
  /** Whether the server may have refused something else than the client. */
  readonly isUnclear: boolean;
}

/** What was found; with an attempt in which the client was accepted, where there is one. */
export interface RejectedClientOutcome {
  readonly finding: Finding;
  readonly accepted?: { readonly attempt: TokenAttempt; readonly changes: Changes } | undefined;
}

const name = "client authentication";
const methods = /client_secret_(basic|post|jwt)|private_key_jwt|(self_signed_)?tls_client_auth/g;

/** Finds out why the client is rejected. */
export async function explainRejectedClient(context: RejectedClientContext): Promise<RejectedClientOutcome> {
  const { own: { method, secret, assertion } } = context;
  if (isTlsMethod(method)) return await explainCertificate(context);
  if (assertion) return await explainRejectedAssertion(context);
  return secret === undefined ? explainOther(context) : await explainSecret(context);
}

async function explainSecret(context: RejectedClientContext): Promise<RejectedClientOutcome> {
  const { examination, own, attempt, isUnclear } = context;
  const { options: { clientId }, facts: { metadata } } = examination;
  const nameOption = examination.nameOption;
  const tried = [nameWay(own)];
  const refusal = describeRefusal(attempt, examination);
  // Some servers say which method the client is registered for.
  const named = (refusal.match(methods) ?? []).filter((each) => each !== own.method);
  const advertised = named.length > 0 ? named : metadata?.token_endpoint_auth_methods_supported;
  if (isUnknownClient(refusal)) {
    const seen = `The server doesn't know the client: ${refusal}.`;
    const change = `Correct ${nameOption("clientId")}, or ${
      nameOption("tokenEndpoint")
    }: the client is registered elsewhere (another tenant or environment), perhaps.`;
    return { finding: { name, status: "failed", code: "wrong_secret", seen, change } };
  }
  // Further attempts could only do harm.
  const ended = /expired|disabled|locked|suspended|deactivated|revoked/i.exec(refusal)?.[0].toLowerCase();
  const variants = ended ? [] : listVariants({ ...own, clientId, advertised, nameOption });
  for (const variant of variants) {
    const again = await tryToken(examination, variant.options);
    if (!again) break;
    tried.push(variant.name);
    if (isClientAccepted(again, examination)) {
      const seen = `The server refuses ${tried[0]} (${refusal}) and takes ${variant.name}${
        variant.code.endsWith("blank") ? "" : ", with the same secret"
      }: ${countAttempts(tried.length)} (${tried.join(", ")}).`;
      return {
        finding: { name, status: "failed", code: variant.code, seen, change: variant.change },
        accepted: { attempt: again, changes: variant.options },
      };
    }
    if (again.exchanges.at(-1)?.status === 429) break;
  }
  if (ended) {
    const seen =
      `The server rejects the client: ${refusal}. 1 attempt; none was made with the secret written otherwise.`;
    const change = `The server says "${ended}": make a new secret for the client (${
      nameOption("clientSecret")
    }), or have it enabled there.`;
    return { finding: { name, status: "failed", code: "wrong_secret", seen, change } };
  }
  const attempts = `${countAttempts(tried.length)} (${tried.join(", ")})`;
  const unsupported = named.length > 0
    ? `The server wants ${named.join(" or ")}, not ${own.method}.`
    : describeUnadvertised(own.method, advertised);
  if (unsupported) {
    const seen = `${unsupported} It answers ${refusal}, after ${attempts}.`;
    return {
      finding: { name, status: "failed", code: "auth_method_unsupported", seen, change: adviseOnMethods(advertised!) },
    };
  }
  const untried = variants.map((variant) => variant.name).filter((each) => !tried.includes(each)).join(", ");
  const others = untried
    ? `nothing more (${untried} not tried: ${nameOption("maxTokenRequests")})`
    : variants.length > 0
    ? "how id and secret are written, blanks at their ends"
    : "the encoding (it makes no difference to these), blanks at their ends";
  if (isUnclear) {
    const seen = `The server refuses the request and doesn't say why: ${refusal}. ${attempts}; ruled out: ${others}.`;
    const change = `Check ${nameOption("clientId")} and ${nameOption("clientSecret")}, then ${nameOption("scopes")}, ${
      nameOption("audience")
    } and ${nameOption("parameters")}, against the server's documentation.`;
    return { finding: { name, status: "failed", code: "token_request_refused", seen, change } };
  }
  const seen = `The server rejects the client: ${refusal}. ${attempts}; ruled out: ${others}.`;
  const isOAuth = parseJsonObject(attempt.exchanges.at(-1)?.text ?? "")?.error !== undefined;
  const change = `${describeOddities(own, examination)} ${nameOption("clientId")} and ${
    nameOption("clientSecret")
  } from the server again: the client is unknown there (another tenant or environment, perhaps), or its secret another${
    listOtherMethods(own.method, advertised)
  }${isOAuth ? "" : `; or ${nameOption("tokenEndpoint")} is no token endpoint: its answer isn't OAuth's`}.`;
  return { finding: { name, status: "failed", code: "wrong_secret", seen, change } };
}

/** What is oddly written is the likeliest fault. */
function describeOddities({ secret = "" }: OwnProofs, { options, nameOption }: Examination): string {
  const written = Object.entries({ clientId: options.clientId, clientSecret: secret }).map(([option, value]) => {
    const oddity = findOddity(value) ??
      // As a Kubernetes Secret has it.
      (option === "clientSecret" && /^[\w+/-]{12,}={0,2}$/.test(value) && isBase64(value, /^[!-~]+\n?$/)
        ? "is base64, as it seems: decode it"
        : undefined);
    return oddity && `${nameOption(option)} ${oddity}.`;
  }).filter(Boolean);
  return written.length > 0 ? `Correct what is oddly written: ${written.join(" ")} Else copy` : "Copy";
}

/** Methods that the client may be registered for, and that weren't tried. */
function listOtherMethods(method: string, advertised: readonly string[] = []): string {
  const others = advertised.filter((each) => each !== method && !/^(client_secret_(basic|post)|none)$/.test(each));
  return others.length > 0 ? `; or it is registered for another method (${others.slice(0, 6).join(", ")})` : "";
}

/** Without a secret of ours to write in another way: `none`, or a method of the caller's own. */
function explainOther({ examination, own: { method }, attempt }: RejectedClientContext): RejectedClientOutcome {
  const advertised = examination.facts.metadata?.token_endpoint_auth_methods_supported;
  const unsupported = describeUnadvertised(method, advertised);
  const seen = `The server rejects the client by ${method}: ${describeRefusal(attempt, examination)}.`;
  const change = unsupported
    ? adviseOnMethods(advertised!)
    : method === "none"
    ? `Set ${
      examination.nameOption("clientSecret")
    } or another clientAuth: the server wants the client to authenticate.`
    : `Check ${examination.nameOption("clientId")} and what clientAuth proves, against what the server knows.`;
  const code = unsupported || method === "none" ? "auth_method_unsupported" : "wrong_secret";
  return { finding: { name, status: "failed", code, seen: unsupported ? `${seen} ${unsupported}` : seen, change } };
}

async function explainCertificate(context: RejectedClientContext): Promise<RejectedClientOutcome> {
  const { examination, own: { method }, attempt } = context;
  const { options, facts: { settings, metadata } } = examination;
  const refusal = describeRefusal(attempt, examination);
  const alias = metadata?.mtls_endpoint_aliases?.token_endpoint;
  const isCertain = options.clientCertificate !== undefined;
  if (!isCertain && options.fetch === undefined) {
    const seen = `The server rejects the client by ${method} (${refusal}), and no client certificate is set.`;
    const change = `Set ${nameSetting(examination.nameOption, "clientCertificate", certificateValue)}.`;
    return { finding: { name, status: "failed", code: "client_certificate_required", seen, change } };
  }
  if (alias && settings && alias !== String(settings.tokenEndpoint)) {
    const changes: Changes = { configStore: new StaticClientConfigStore({ ...settings, tokenEndpoint: alias }) };
    const again = await tryToken(examination, changes);
    if (again && isClientAccepted(again, examination)) {
      const seen =
        `The server rejects the client at ${settings.tokenEndpoint} (${refusal}), and accepts it at ${alias}, ` +
        "its endpoint for client certificates (mtls_endpoint_aliases).";
      const change = `Set ${examination.nameOption("tokenEndpoint")} to ${alias}, or use DiscoveryClientConfigStore.`;
      return {
        finding: { name, status: "failed", code: "client_certificate_required", seen, change },
        accepted: { attempt: again, changes },
      };
    }
  }
  const seen =
    `The server rejects the client by ${method}: ${refusal}. It got no certificate, another client's, or one it ` +
    "doesn't trust.";
  const change = `Check that the certificate in ${
    examination.nameOption("clientCertificate")
  } is the one registered for the client: its subject, or its key.`;
  return { finding: { name, status: "failed", code: "client_certificate_rejected", seen, change } };
}
