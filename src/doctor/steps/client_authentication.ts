/**
 * Client authentication.
 *
 * @module
 */

import type { Step } from "../examination.ts";

export const clientAuthentication: Step = {
  name: "client authentication",
  needs: ["settings", "token endpoint", "token request"],
  run: () => [],
};
