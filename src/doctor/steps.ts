/**
 * The steps of a diagnosis, in the order a good engineer takes.
 *
 * @module
 */

import type { Step } from "./examination.ts";
import { api } from "./steps/api.ts";
import { clientAuthentication } from "./steps/client_authentication.ts";
import { connection } from "./steps/connection.ts";
import { grantedScopes } from "./steps/granted_scopes.ts";
import { metadata } from "./steps/metadata.ts";
import { nameResolution } from "./steps/name_resolution.ts";
import { options } from "./steps/options.ts";
import { proxy } from "./steps/proxy.ts";
import { rateLimits } from "./steps/rate_limits.ts";
import { secondToken } from "./steps/second_token.ts";
import { settings } from "./steps/settings.ts";
import { tls } from "./steps/tls.ts";
import { token } from "./steps/token.ts";
import { tokenEndpoint } from "./steps/token_endpoint.ts";

/** All steps, first to last. */
export const steps: readonly Step[] = [
  options,
  settings,
  nameResolution,
  proxy,
  connection,
  tls,
  metadata,
  tokenEndpoint,
  clientAuthentication,
  grantedScopes,
  token,
  api,
  secondToken,
  rateLimits,
];
