/**
 * The token's file on AWS.
 *
 * @module
 */

import type { Platform } from "./identity.ts";
import { readTokenFile } from "./token_file.ts";
import { requireVariable, type VariableOptions } from "./variables.ts";

export const aws: Platform = {
  name: "aws",
  title: "AWS",
  advice: "On EKS set the service account's annotation eks.amazonaws.com/audience to this audience; elsewhere use " +
    'awsToken with source: "sts".',
};
/** The variable that names it (https://docs.aws.amazon.com/eks/latest/userguide/pod-configuration.html). */
export const webIdentityFile = "AWS_WEB_IDENTITY_TOKEN_FILE";

/**
 * Reads the file. Its usual audience is `sts.amazonaws.com`: a server that got such a token could become the workload.
 */
export async function readWebIdentityFile(audience: string, options: VariableOptions): Promise<string> {
  return await readTokenFile(aws, requireVariable(aws, webIdentityFile, options), audience)();
}
