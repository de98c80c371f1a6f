/** All clients. @module */
import type { Sdk } from "./sdk.ts";
import { sdk as undici } from "./clients/undici.ts";
import { webSdks } from "./web_clients.ts";

/** By the name of their file in `clients/`. */
export const sdks: Readonly<Record<string, Sdk>> = { ...webSdks, undici };
