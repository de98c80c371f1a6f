/**
 * The API.
 *
 * @module
 */

import type { Step } from "../examination.ts";

export const api: Step = { name: "API call", needs: ["API"], run: () => [] };
