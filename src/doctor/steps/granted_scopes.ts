/**
 * Granted scopes.
 *
 * @module
 */

import type { Step } from "../examination.ts";

export const grantedScopes: Step = { name: "scopes", needs: ["token"], run: () => [] };
