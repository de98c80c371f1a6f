/**
 * A second token.
 *
 * @module
 */

import type { Step } from "../examination.ts";

export const secondToken: Step = { name: "second token", needs: ["token"], run: () => [] };
