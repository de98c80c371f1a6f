/**
 * The options themselves: missing, wrong or oddly written ones, without any request to a server.
 *
 * @module
 */

import { checkDuration, checkNumber } from "../../arguments.ts";
import type { ClientAuth } from "../../client_auth/client_auth.ts";
import { ClientCredentialsAuthenticator } from "../../client_credentials.ts";
import { isExposed } from "../../http/loopback.ts";
import { rootMessage } from "../../http/network_errors.ts";
import { waitFor } from "../../refresh/deadlines.ts";
import { chooseClientAuth } from "../../token_endpoint/choose_client_auth.ts";
import type { Examination, Finding, Step } from "../examination.ts";
import { findOddity, trimBlanks } from "../odd_spelling.ts";
import { readAdvice } from "../own_advice.ts";
import { findApiUrl } from "../targets.ts";

const name = "options";

/** Looks at the options, and makes one client authentication that is sent nowhere. */
export const options: Step = {
  name,
  async run(examination) {
    const { options, facts } = examination;
    const findings: Finding[] = [];
    try {
      new ClientCredentialsAuthenticator(options);
      checkDuration("stepTimeout", options.stepTimeout);
      checkNumber("maxTokenRequests", options.maxTokenRequests, 0);
    } catch (error) {
      facts.noTokenRequest = "Not made: the options can't be used.";
      return [describeInvalid(error as Error, examination)];
    }
    const unusable = await findUnusableTransport(examination);
    if (unusable) return [unusable];
    findings.push(...findOddities("clientId", options.clientId, examination));
    findings.push(...await findUnusableProof(examination));
    const api = findApiUrl(examination);
    if (api && isExposed(api)) {
      findings.push({
        name: "options of the API",
        status: "warned",
        code: "http_api",
        seen: `${api.origin} is http: the token can be read on the way.`,
        change: `Write ${examination.nameOption("endpoint")} with "https:".`,
      });
    }
    if (findings.length > 0) return findings;
    return [{ name, status: "passed", seen: `Complete; the client authenticates by ${readMethod(examination)}.` }];
  },
};

/** Names the options that a constructor's message is about. */
function describeInvalid({ message }: Error, examination: Examination): Finding {
  const option =
    /\b(endpoint|configStore|verify|fetch|scopes|resource|timeout|parameters|dpop|retry\.\w+|[a-z]+[A-Z]\w+)\b/g;
  const [, missing] = /Missing: (.*?)\.?$/.exec(message.replace(/ \((.*?)\)/g, " $1")) ?? [];
  const names = [...new Set(message.match(option))].slice(0, 3).map(examination.nameOption);
  const change = missing
    ? `Set ${missing.replace(option, examination.nameOption)}.`
    : readAdvice(message) ?? `Correct ${names.join(" or ") || "the option"}.`;
  return { name, status: "failed", code: "invalid_option", seen: examination.redact(message), change };
}

/** Opens the transport, which reads the files of the options, by a request that goes nowhere. */
async function findUnusableTransport(examination: Examination): Promise<Finding | undefined> {
  const { options: { httpProxyUrl, verify, clientCertificate }, facts, nameOption } = examination;
  if (!httpProxyUrl && !verify && !clientCertificate) return undefined;
  try {
    await examination.fetch("data:,");
  } catch (error) {
    const { code, message } = Object(error);
    if (code !== "invalid_config" && code !== "permission_denied") return undefined;
    facts.noTokenRequest = "Not made: nothing can be sent with these options.";
    const change = /undici/.test(message)
      ? "Install undici beside the program (npm install undici), or pass the fetch of nodeTransport."
      : `Correct ${nameOption("verify")} or ${nameOption("clientCertificate")}.`;
    return { name, status: "failed", code: "invalid_option", seen: examination.redact(message), change };
  }
}

/** Remarks on how an id or a secret is written. It isn't shown. */
function findOddities(option: "clientId" | "clientSecret", value: string, examination: Examination): Finding[] {
  const shown = examination.nameOption(option);
  const findings: Finding[] = [];
  const trimmed = trimBlanks(value);
  if (value !== trimmed || /[\r\n]/.test(value)) {
    const place = !value.startsWith(trimmed) ? "begins with" : value !== trimmed ? "ends with" : "has in it";
    const seen = `${shown} ${place} a ${/[\r\n]/.test(value) ? "line break" : "blank"}.`;
    const change = `Remove it from ${shown}: a file or a pasted text often ends in one.`;
    findings.push({
      name,
      status: "warned",
      code: option === "clientId" ? "id_has_blank" : "secret_has_blank",
      seen,
      change,
    });
  }
  const oddity = findOddity(value);
  if (oddity) {
    const change = `If the server didn't give it so, correct ${shown}.`;
    findings.push({ name, status: "warned", seen: `${shown} ${oddity}.`, change });
  }
  return findings;
}

/** Makes one client authentication, and a proof key, for a request that is never sent. */
async function findUnusableProof(examination: Examination): Promise<Finding[]> {
  const { options, facts, signal, stepTimeout: timeout } = examination;
  const { clientId, dpop } = options;
  const body = new URLSearchParams();
  const issuer = "https://issuer.invalid";
  const clientAuth = chooseClientAuth(options);
  const request = {
    ...{ tokenEndpoint: new URL("/token", issuer), issuer, clientId, headers: new Headers(), body, signal },
    redact: examination.addSecret,
  };
  const error = () => new Error(`it gave nothing within ${timeout} ms`);
  try {
    await waitFor((async () => await clientAuth.authenticate(request))(), { timeout, signal, error });
    await dpop?.thumbprint?.();
  } catch (error) {
    signal.throwIfAborted();
    facts.noTokenRequest = "Not made: the client's secret or key can't be used.";
    return [describeUnusable(error as Error, clientAuth, examination)];
  }
  const secret = typeof options.clientSecret === "string" ? options.clientSecret : body.get("client_secret");
  return secret ? findOddities("clientSecret", secret, examination) : [];
}

function describeUnusable(error: Error, { method }: ClientAuth, examination: Examination): Finding {
  const { code, cause } = Object(error);
  const isKey = (/^Cannot sign/.test(error.message) || code === "proof_failed") && cause === undefined;
  const isProof = code === "proof_failed";
  const option = examination.nameOption(
    isProof ? "dpop" : examination.options.clientSecret ? "clientSecret" : "clientAuth",
  );
  return {
    name,
    status: "failed",
    code: isKey ? "key_unusable" : "secret_unreadable",
    seen: `${isProof ? "The DPoP proof" : `Client authentication by ${method}`} can't be made: ${
      examination.redact(
        `${error?.message ?? "no reason is given"}${cause === undefined ? "" : ` (${rootMessage(cause)})`}`,
      )
    }`,
    change: isKey
      ? `Pass ${option} a private key of the kind that the algorithm needs, as a JWK, PKCS#8 PEM or CryptoKey.`
      : `See to it that what ${option} calls or reads gives the secret.`,
  };
}

function readMethod({ options }: Examination): string {
  return `${chooseClientAuth(options).method}${options.dpop ? ", with DPoP" : ""}`;
}
