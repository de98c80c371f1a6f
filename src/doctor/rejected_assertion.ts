/**
 * Finds out why a token endpoint rejects a client's signed assertion (RFC 7523).
 *
 * @module
 */

import { chooseClientAuth } from "../token_endpoint/choose_client_auth.ts";
import { adviseOnMethods, describeUnadvertised } from "./advertised_methods.ts";
import { mostVariants } from "./client_variants.ts";
import { adviseOnClock, findClockEvidence } from "./clock_evidence.ts";
import type { Finding } from "./examination.ts";
import { withAudience } from "./own_proofs.ts";
import type { RejectedClientContext, RejectedClientOutcome } from "./rejected_client.ts";
import { type Changes, countAttempts, tryToken } from "./token_attempts.ts";
import { describeRefusal, isClientAccepted } from "./token_refusal.ts";

const name = "client authentication";
const saysClock = /expired|\bexp\b|\biat\b|\bnbf\b|not yet|in the future|too old|clock|lifetime/i;

/** Finds it out: the clock, the algorithm, the audience, the key. */
export async function explainRejectedAssertion(context: RejectedClientContext): Promise<RejectedClientOutcome> {
  const { examination, own: { method, assertion }, attempt } = context;
  const { facts: { metadata, settings, clockOffset } } = examination;
  const refusal = describeRefusal(attempt, examination);
  const fail = (finding: Omit<Finding, "name" | "status">): RejectedClientOutcome => ({
    finding: { name, status: "failed", ...finding },
  });
  const advertised = metadata?.token_endpoint_auth_methods_supported;
  const unsupported = describeUnadvertised(method, advertised);
  if (unsupported) {
    const seen = `The server rejects the client's assertion: ${refusal}. ${unsupported}`;
    return fail({ code: "auth_method_unsupported", seen, change: adviseOnMethods(advertised!) });
  }
  const clock = findClockEvidence({ jwt: assertion, answer: attempt.exchanges.at(-1), offset: clockOffset });
  const maker = method === "client_secret_jwt" ? "clientSecretJwt" : "privateKeyJwt";
  if (clock) {
    const seen = `The server rejects the client's assertion (${refusal}), and this machine's clock is ${clock.figure}.`;
    return fail({ code: clock.code, seen, change: adviseOnClock(clock, maker) });
  }
  const { alg, kid } = assertion!.header;
  const algorithms = metadata?.token_endpoint_auth_signing_alg_values_supported;
  if (algorithms?.length && !algorithms.includes(String(alg))) {
    const seen = `The server rejects the client's assertion (${refusal}), which is signed by ${alg}; it advertises ${
      algorithms.slice(0, 12).join(", ")
    }.`;
    return fail({
      code: "assertion_rejected",
      seen,
      change: `Set alg of ${maker} to one of these, with a key for it.`,
    });
  }
  const used = String(assertion!.claims.aud);
  const tried = [used];
  const endpoint = String(settings?.tokenEndpoint);
  const audiences = [settings?.issuer, metadata?.issuer, endpoint];
  for (const audience of audiences) {
    if (!audience || tried.includes(audience) || tried.length > mostVariants) continue;
    const clientAuth = await withAudience(chooseClientAuth(examination.options), audience, examination);
    const changes: Changes = { clientAuth, clientSecret: undefined, basicEncoding: undefined };
    const again = clientAuth && await tryToken(examination, changes);
    if (!again) break;
    tried.push(audience);
    if (!isClientAccepted(again, examination)) continue;
    const value = audience === endpoint ? "token-endpoint" : "issuer";
    const change = value === "issuer" && audience !== settings?.issuer
      ? `Set ${examination.nameOption("issuer")} in the settings to ${audience}, as the server spells it.`
      : `Set the option audience of ${maker} to "${value}".`;
    const seen =
      `The server rejects an assertion for the audience ${used} (${refusal}), and takes one for ${audience}: ${
        countAttempts(tried.length)
      }.`;
    return {
      ...fail({ code: "assertion_rejected", seen, change }),
      accepted: { attempt: again, changes },
    };
  }
  const hint = saysClock.test(refusal) ? " It names a time: check the lifetime and clockSkew of the assertion." : "";
  const ruledOut = [
    ...tried.length > 1 ? ["the assertion's audience"] : [],
    ...attempt.exchanges.at(-1)?.headers.has("date") ? ["the clock"] : [],
    ...algorithms?.length ? ["the algorithm"] : [],
  ];
  const signed = `It is signed by ${alg}, ${
    kid === undefined ? "without a kid" : `with the kid "${kid}"`
  }, for ${used}`;
  const seen = `The server rejects the client's assertion: ${refusal}. ${signed}; ${countAttempts(tried.length)}` +
    `${ruledOut.length > 0 ? `; ruled out: ${ruledOut.join(", ")}` : ""}.${hint}`;
  // An audience that the caller's clientAuth fixes can't be tried otherwise.
  const isOdd = tried.length === 1 && !audiences.includes(used);
  const change = isOdd
    ? `Set the option audience of ${maker} to "issuer" or "token-endpoint": the server hardly expects ${used}. Then check the key.`
    : method === "client_secret_jwt"
    ? `Check ${examination.nameOption("clientId")} and the secret: the server knows another.`
    : `Register this key's public part for ${examination.nameOption("clientId")} (its jwks or jwks_uri)${
      kid === undefined ? ", and set the kid it has there" : ", under this kid"
    }.`;
  return fail({ code: "assertion_rejected", seen, change });
}
