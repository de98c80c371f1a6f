/** The clients, in the order of the table. @module */
import type { Sdk } from "./sdk.ts";
import { sdk as ky } from "./clients/ky.ts";
import { sdk as ofetch } from "./clients/ofetch.ts";
import { sdk as openapi_fetch } from "./clients/openapi_fetch.ts";

/** By the name of their file in `clients/`. */
export const sdks: Readonly<Record<string, Sdk>> = { ky, ofetch, openapi_fetch };
