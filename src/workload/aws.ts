/**
 * The identity of a workload on AWS: a JWT that AWS STS signs, or the web identity token of a pod on EKS.
 *
 * STS signs JWTs for other parties (`GetWebIdentityToken`,
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html), once outbound identity federation
 * is enabled for the account, and for roles with the permission `sts:GetWebIdentityToken`.
 *
 * @module
 */

import { AwsV4Signer } from "aws4fetch";
import { checkNumber, checkUrl, throwInvalid } from "../arguments.ts";
import { isExposed } from "../http/loopback.ts";
import {
  checkAudience,
  checkJwt,
  createIdentityError,
  makeIdentity,
  type Platform,
  type WorkloadIdentity,
} from "./identity.ts";
import { askPlatform, checkRequestOptions, type PlatformRequestOptions } from "./platform_request.ts";
import { reuseJwt } from "./reused_jwt.ts";
import { findVariable, requireVariable, type VariableOptions } from "./variables.ts";
import { aws, readWebIdentityFile, webIdentityFile } from "./web_identity_file.ts";

export type { WorkloadIdentity } from "./identity.ts";
export type { PlatformRequestOptions } from "./platform_request.ts";
export type { VariableOptions } from "./variables.ts";

const sts: Platform = {
  ...aws,
  advice: "Set AWS_REGION and credentials, enable outbound identity federation for the account, and allow its role " +
    "sts:GetWebIdentityToken.",
};

/** Credentials of AWS, in the form of its SDKs. */
export interface AwsCredentials {
  /** The access key's identifier. */
  readonly accessKeyId: string;
  /** The secret key. */
  readonly secretAccessKey: string;
  /** The session's token, of temporary credentials. */
  readonly sessionToken?: string | undefined;
}

/** Options of {@linkcode awsToken}. */
export interface AwsTokenOptions extends PlatformRequestOptions, VariableOptions {
  /** The token's `aud`: what the authorization server wants, often its issuer. Another's is sent nowhere. */
  readonly audience: string;
  /**
   * Where the token is: in the file that `AWS_WEB_IDENTITY_TOKEN_FILE` names, or at STS.
   *
   * @default {"file" where the variable is set, else "sts"}
   */
  readonly source?: "file" | "sts" | undefined;
  /**
   * Returns credentials for STS, such as `fromNodeProviderChain()` of `@aws-sdk/credential-providers`.
   *
   * @default {`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`}
   */
  readonly credentials?: (() => AwsCredentials | Promise<AwsCredentials>) | undefined;
  /**
   * The region whose STS is asked: the global one has no such tokens.
   *
   * @default {`AWS_REGION`, else `AWS_DEFAULT_REGION`}
   */
  readonly region?: string | undefined;
  /**
   * The token's algorithm.
   *
   * @default {"RS256"}
   */
  readonly signingAlgorithm?: "RS256" | "ES384" | undefined;
  /**
   * How long the token lives, in milliseconds.
   *
   * @default {300_000} (5 minutes)
   */
  readonly lifetime?: number | undefined;
  /**
   * The URL of STS.
   *
   * @default {"https://sts.REGION.amazonaws.com"}
   */
  readonly endpoint?: string | URL | undefined;
}

/**
 * Reads a web identity token, or requests a JWT of STS. On Deno this needs `--allow-env` for the variables, and
 * `--allow-read` for the file or `--allow-net` for STS.
 *
 * @example
 * ```ts
 * import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
 * import { awsToken } from "@m2m/authenticator/workload/aws";
 *
 * const identity = awsToken({ audience: "https://auth.example.com", source: "sts" });
 * const clientAuth = clientAssertion(identity);
 * console.log(identity.platform, clientAuth.method); // aws private_key_jwt
 * ```
 *
 * @param options The audience, the source, and how the request is sent.
 * @returns The identity.
 * @throws {TypeError} If the audience is empty, or another option can't be used.
 * @throws {RangeError} If the lifetime isn't 60,000 to 3,600,000.
 */
export function awsToken(options: AwsTokenOptions): WorkloadIdentity {
  const { audience, source, env, reuse, lifetime, signingAlgorithm = "RS256" } = options;
  checkAudience(audience);
  checkRequestOptions(options);
  checkNumber("lifetime", lifetime, 60_000, 3_600_000);
  if (source !== undefined && source !== "file" && source !== "sts") throwInvalid("source", '"file" or "sts"', source);
  if (signingAlgorithm !== "RS256" && signingAlgorithm !== "ES384") {
    throwInvalid("signingAlgorithm", '"RS256" or "ES384"', signingAlgorithm);
  }
  const endpoint = options.endpoint === undefined ? undefined : checkUrl("endpoint", options.endpoint);
  const request = reuseJwt(() => askSts(endpoint, { ...options, signingAlgorithm }), reuse);
  const [file, jwt] = [`the file that ${webIdentityFile} names`, "a JWT by sts:GetWebIdentityToken"];
  const description = source === "file" ? file : source === "sts" ? jwt : `${file}, or ${jwt}`;
  return makeIdentity(aws, description, async () => {
    const isFile = source === "file" || source === undefined && findVariable(aws, webIdentityFile, { env });
    return isFile ? await readWebIdentityFile(audience, { env }) : await request();
  });
}

async function askSts(endpoint: URL | undefined, options: AwsTokenOptions): Promise<string> {
  const { audience, lifetime = 300_000, signingAlgorithm = "" } = options;
  const region = options.region ?? findVariable(sts, "AWS_REGION", options) ??
    requireVariable(sts, "AWS_DEFAULT_REGION", options);
  const credentials = await findCredentials(options);
  if (!/^[\w-]+$/.test(region)) throw createIdentityError(sts, "the region is none");
  const url = endpoint ?? new URL(`https://sts.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`);
  if (isExposed(url)) throw createIdentityError(sts, "the connection to STS is unencrypted");
  const body = String(
    new URLSearchParams({
      Action: "GetWebIdentityToken",
      Version: "2011-06-15",
      "Audience.member.1": audience,
      SigningAlgorithm: signingAlgorithm,
      DurationSeconds: String(Math.floor(lifetime / 1_000)),
    }),
  );
  const headers = await sign(url, { ...credentials, body, region });
  const explain = (text: string) => {
    const code = /<Code>(\w{1,60})<\/Code>/.exec(text)?.[1];
    return code ? ` (${code})` : "";
  };
  const { text } = await askPlatform(sts, url, { method: "POST", headers, body }, options, explain);
  return checkJwt(sts, /<WebIdentityToken>([^<]*)<\/WebIdentityToken>/.exec(text)?.[1], audience);
}

async function findCredentials(options: AwsTokenOptions): Promise<AwsCredentials> {
  if (options.credentials === undefined) {
    return {
      accessKeyId: requireVariable(sts, "AWS_ACCESS_KEY_ID", options),
      secretAccessKey: requireVariable(sts, "AWS_SECRET_ACCESS_KEY", options),
      sessionToken: findVariable(sts, "AWS_SESSION_TOKEN", options),
    };
  }
  const given = await options.credentials();
  if (given?.accessKeyId && given.secretAccessKey) return given;
  throw createIdentityError(sts, "the function credentials gave none");
}

/** Signs the request (SigV4). Runtimes quote a value that no header can have: the error isn't passed on. */
async function sign(
  url: URL,
  { body, region, accessKeyId, secretAccessKey, sessionToken }: AwsCredentials & { body: string; region: string },
): Promise<Headers> {
  try {
    const signer = new AwsV4Signer({
      ...{ method: "POST", url: url.href, service: "sts", body, region, accessKeyId, secretAccessKey },
      ...sessionToken !== undefined && { sessionToken },
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    return (await signer.sign()).headers;
  } catch {
    throw createIdentityError(sts, "the request to STS can't be signed with these credentials");
  }
}
