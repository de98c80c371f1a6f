/**
 * The steps of a diagnosis, in the order a good engineer takes.
 *
 * @module
 */

import type { Step } from "./examination.ts";
import { api } from "./steps/api.ts";
import { clientAuthentication } from "./steps/client_authentication.ts";
import { grantedScopes } from "./steps/granted_scopes.ts";
import { secondToken } from "./steps/second_token.ts";
import { token } from "./steps/token.ts";

/** All steps, first to last. */
export const steps: readonly Step[] = [
  clientAuthentication,
  grantedScopes,
  token,
  secondToken,
  api,
];
