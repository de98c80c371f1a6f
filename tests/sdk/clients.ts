/** All clients. @module */
import type { Sdk } from "./sdk.ts";
import { sdk as axios_by_interceptors } from "./clients/axios_by_interceptors.ts";
import { sdk as elasticsearch } from "./clients/elasticsearch.ts";
import { sdk as got } from "./clients/got.ts";
import { sdk as smithy_node } from "./clients/smithy_node.ts";
import { sdk as undici_dispatcher } from "./clients/undici_dispatcher.ts";
import { sdk as undici } from "./clients/undici.ts";
import { webSdks } from "./web_clients.ts";

/** By the name of their file in `clients/`. */
export const sdks: Readonly<Record<string, Sdk>> = {
  ...webSdks,
  undici,
  axios_by_interceptors,
  elasticsearch,
  got,

  smithy_node,
  undici_dispatcher,
};
