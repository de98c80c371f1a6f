/**
 * Client authentication, and the token request as such.
 *
 * @module
 */

import { adviseOnMethods, describeUnadvertised } from "../advertised_methods.ts";
import { nameWay } from "../client_variants.ts";
import type { Examination, Finding, Step } from "../examination.ts";
import { type OwnProofs, readOwnProofs } from "../own_proofs.ts";
import { classifyRefused, explainRefusedRequest } from "../refused_request.ts";
import { explainRejectedClient } from "../rejected_client.ts";
import { type Changes, noteToken, tryToken } from "../token_attempts.ts";

/** Requests a token; if the server refuses, finds out what. */
export const clientAuthentication: Step = {
  name: "client authentication",
  needs: ["settings", "token endpoint", "token request"],
  // Up to six requests.
  patience: 6,
  async run(examination) {
    const { name } = clientAuthentication;
    const own = await readOwnProofs(examination);
    const findings: Finding[] = [];
    let changes: Changes = {};
    let attempt = await tryToken(examination);
    // A kept connection that just ended; nothing was refused.
    if (/^(network_error|tls_failed)$/.test(Object(attempt?.error).code)) {
      attempt = await tryToken(examination) ?? attempt;
    }
    if (!attempt) return [{ name, status: "skipped", seen: "Not tried: maxTokenRequests allows no request." }];
    let kind = classifyRefused(attempt, examination);
    if (kind === "client" || kind === "unclear") {
      const isUnclear = kind === "unclear";
      const { finding, accepted } = await explainRejectedClient({ examination, own, attempt, isUnclear });
      findings.push(finding);
      if (!accepted) return findings;
      ({ attempt, changes } = accepted);
      kind = classifyRefused(attempt, examination);
    } else if (kind === undefined || /^(scope|target|grant)$/.test(kind)) {
      findings.push(describeAccepted(examination, own));
    }
    if (kind === undefined) noteToken(examination, attempt, changes);
    else findings.push(await explainRefusedRequest(kind, { examination, own, attempt, changes }));
    return findings;
  },
};

function describeAccepted({ facts: { metadata } }: Examination, own: OwnProofs): Finding {
  const { name } = clientAuthentication;
  const advertised = metadata?.token_endpoint_auth_methods_supported;
  const unadvertised = describeUnadvertised(own.method, advertised);
  const seen = `The server accepts the client by ${nameWay(own)}${
    own.proof ? ", with a DPoP proof" : ""
  }, at the first attempt.`;
  if (!unadvertised) return { name, status: "passed", seen };
  const change = adviseOnMethods(advertised!);
  return { name, status: "warned", code: "auth_method_unsupported", seen: `${seen} ${unadvertised}`, change };
}
