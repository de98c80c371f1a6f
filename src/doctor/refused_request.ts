/**
 * Finds out what a token endpoint refuses in a request, once the client isn't it.
 *
 * @module
 */

import { dpop } from "../dpop/dpop.ts";
import { formatUrl } from "../token_endpoint/exchange.ts";
import { explainCertificateDemand } from "./client_certificate.ts";
import type { Examination, Finding, TokenAttempt } from "./examination.ts";
import { dpopValue, nameSetting } from "./name_setting.ts";
import { explainMissing, explainScope, explainTarget } from "./refused_parameters.ts";
import { describeMissingNonce, explainRejectedProof } from "./rejected_proof.ts";
import { findTokenEndpoint, suggestTokenEndpoint } from "./targets.ts";
import { type RefusedRequest, tryWith } from "./token_attempts.ts";
import { classifyAttempt, describeRefusal, type RefusalKind } from "./token_refusal.ts";
import { explainUnanswered, explainUnavailable } from "./unanswered_request.ts";

type Explain = (request: RefusedRequest, refusal: string) => Promise<Finding> | Finding;

const name = "token request";

/** Finds out what is refused. Where the rest is fine, a token is issued and remembered. */
export async function explainRefusedRequest(kind: RefusalKind, request: RefusedRequest): Promise<Finding> {
  const { attempt, examination, own } = request;
  const explain = explanations[kind];
  if (explain) return await explain(request, describeRefusal(attempt, examination));
  if (kind === "limited" || kind === "failed") return explainUnavailable(attempt, examination);
  return await explainUnanswered(attempt, examination, own.method);
}

const explanations: Partial<Record<RefusalKind, Explain>> = {
  scope: explainScope,
  target: explainTarget,
  missing: explainMissing,

  grant({ examination }, refusal) {
    const { grant_types_supported: supported } = examination.facts.metadata ?? {};
    const isUnadvertised = supported?.length && !supported.includes("client_credentials");
    const seen = `The server doesn't let this client use the client credentials grant: ${refusal}.` +
      (isUnadvertised ? ` It advertises ${supported.slice(0, 8).join(", ")}.` : "");
    const change =
      `Allow ${examination.nameOption("clientId")} the grant client_credentials at the server (a confidential ` +
      "client, with a service account where the server calls it so).";
    return { name, status: "failed", code: "grant_not_allowed", seen, change };
  },

  denied: ({ examination }, refusal) => ({
    name,
    status: "failed",
    code: "token_request_refused",
    seen: `The server, or what stands before it, denies the request: ${refusal}.`,
    change: `Have the server's operator look up why: a policy, a firewall or a list of addresses may deny it to ${
      examination.nameOption("clientId")
    } or to this machine.`,
  }),

  http: ({ examination }, refusal) => ({
    name,
    status: "failed",
    code: "http_endpoint",
    seen: `The server wants https: ${refusal}.`,
    change: `Write ${examination.nameOption("tokenEndpoint")} with "https:".`,
  }),

  async form(request, refusal) {
    const { examination } = request;
    const { beforeTokenRequest: before } = examination.options;
    const again = await tryWith(request, {
      async beforeTokenRequest(built) {
        await before?.(built);
        built.headers.set("content-type", "application/json");
      },
    });
    const takesJson = again?.credentials !== undefined;
    const json = takesJson ? " It takes JSON." : again ? ` JSON gets ${describeRefusal(again, examination)}.` : "";
    const seen = `The server doesn't read the request, which was sent as a form (RFC 6749 §4.4.2): ${refusal}.${json}`;
    const change = takesJson
      ? 'Set beforeTokenRequest: (request) => request.headers.set("content-type", "application/json").'
      : `Check that ${
        examination.nameOption("tokenEndpoint")
      } is the token endpoint, and no gateway drops bodies; another content type can be set by beforeTokenRequest.`;
    return { name, status: "failed", code: "token_request_refused", seen, change };
  },

  async "dpop required"(request, refusal) {
    const { examination } = request;
    const again = await tryWith(request, { dpop: dpop() });
    const works = again?.credentials ? " With a proof it issues a token." : "";
    const seen = `The server requires DPoP: ${refusal}.${works}`;
    const change = `Set ${nameSetting(examination.nameOption, "dpop", dpopValue)}.`;
    return { name, status: "failed", code: "dpop_required", seen, change };
  },

  async "dpop perhaps"(request, refusal) {
    const { examination } = request;
    if (examination.facts.metadata?.dpop_signing_alg_values_supported) {
      const finding = await explanations["dpop required"]!(request, refusal);
      if (examination.facts.issued) return finding;
    }
    return await explanations.other!(request, refusal);
  },

  "dpop rejected": ({ examination, own, attempt }, refusal) =>
    explainRejectedProof({ examination, own, answer: attempt.exchanges.at(-1), refusal, name }),

  "dpop nonce"({ attempt }, refusal) {
    const hasNonce = attempt.exchanges.some(({ headers }) => headers.has("dpop-nonce"));
    const seen = describeMissingNonce("The server", refusal, hasNonce);
    const change = hasNonce
      ? "Have the server's instances share their nonces, or send one client to one instance."
      : "Have the gateway in front of the server pass DPoP-Nonce on (in browsers: expose it by CORS).";
    return { name, status: "failed", code: "dpop_nonce_required", seen, change };
  },

  certificate({ examination }, refusal) {
    const alias = examination.facts.metadata?.mtls_endpoint_aliases?.token_endpoint;
    return { name, ...explainCertificateDemand(examination, { from: "server", refusal, alias }) };
  },

  "not found"({ examination }, refusal) {
    const url = findTokenEndpoint(examination)!;
    const seen = `No token endpoint is at ${formatUrl(url)}: ${refusal}.`;
    const change = suggestTokenEndpoint(examination, url) ??
      `Correct ${examination.nameOption("tokenEndpoint")} (its tenant, its path): the server's documentation names it.`;
    return { name, status: "failed", code: "token_endpoint_not_found", seen, change };
  },

  page({ examination }, refusal) {
    const seen = `A web page answers in place of the token endpoint: ${refusal}.`;
    const change = suggestTokenEndpoint(examination, findTokenEndpoint(examination)!) ??
      `Correct ${examination.nameOption("tokenEndpoint")}; if it is right, a firewall or a sign-in page stands ` +
        "before the server.";
    return { name, status: "failed", code: "token_endpoint_is_html", seen, change };
  },

  async type(request) {
    const { examination, attempt } = request;
    const text = attempt.exchanges.at(-1)?.text ?? "";
    const type = examination.redact(/"token_type"\s*:\s*"([^"]{1,40})"/.exec(text)?.[1] ?? "none");
    const isDpop = /^dpop$/i.test(type);
    const usesDpop = examination.options.dpop !== undefined;
    if (isDpop && !usesDpop) return await explanations["dpop required"]!(request, `token_type ${type}`);
    const seen = `The token has the type "${type}", and ${usesDpop ? "DPoP" : "Bearer"} is expected.`;
    const change = usesDpop
      ? "Have the server issue DPoP-bound tokens for this client, or set dpop({ allowBearer: true })."
      : `If the API takes it as Bearer, set ${nameSetting(examination.nameOption, "tokenType", "Bearer")}.`;
    if (!usesDpop) await tryWith(request, { tokenType: "Bearer" });
    return { name, status: "failed", code: "token_type_unsupported", seen, change };
  },

  response({ examination, attempt }) {
    const seen = examination.redact(attempt.error?.message ?? "");
    const change = suggestTokenEndpoint(examination, findTokenEndpoint(examination)!) ??
      `Check that ${examination.nameOption("tokenEndpoint")} is the token endpoint.`;
    return { name, status: "failed", code: "response_invalid", seen, change };
  },

  other: ({ examination }, refusal) => ({
    name,
    status: "failed",
    code: "token_request_refused",
    seen: `The server refuses the token request: ${refusal}.`,
    change: `Look up what the server means by it; check ${
      examination.nameOption("parameters")
    } and the client's settings there.`,
  }),
};

/** Classifies what an attempt was refused for; `undefined` if it got a token. */
export function classifyRefused(attempt: TokenAttempt, examination: Examination): RefusalKind | undefined {
  return attempt.credentials ? undefined : classifyAttempt(attempt, examination);
}
