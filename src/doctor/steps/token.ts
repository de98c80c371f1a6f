/**
 * The token.
 *
 * @module
 */

import type { Step } from "../examination.ts";

export const token: Step = { name: "token", needs: ["token"], run: () => [] };
