/** The clients that need nothing but the web's interfaces. @module */
import type { Sdk } from "./sdk.ts";
import { sdk as ai } from "./clients/ai.ts";
import { sdk as anthropic } from "./clients/anthropic.ts";
import { sdk as apollo } from "./clients/apollo.ts";
import { sdk as axios } from "./clients/axios.ts";
import { sdk as connect_web } from "./clients/connect_web.ts";
import { sdk as eventsource } from "./clients/eventsource.ts";
import { sdk as forwarded_request } from "./clients/forwarded_request.ts";
import { sdk as graphql_request } from "./clients/graphql_request.ts";
import { sdk as hono } from "./clients/hono.ts";
import { sdk as ky } from "./clients/ky.ts";
import { sdk as mcp } from "./clients/mcp.ts";
import { sdk as octokit } from "./clients/octokit.ts";
import { sdk as ofetch } from "./clients/ofetch.ts";
import { sdk as openai } from "./clients/openai.ts";
import { sdk as openapi_fetch } from "./clients/openapi_fetch.ts";
import { sdk as smithy_fetch } from "./clients/smithy_fetch.ts";
import { sdk as supabase } from "./clients/supabase.ts";
import { sdk as trpc } from "./clients/trpc.ts";
import { sdk as urql } from "./clients/urql.ts";

/** By the name of their file in `clients/`. */
export const webSdks: Readonly<Record<string, Sdk>> = {
  ky,
  ofetch,
  axios,
  openapi_fetch,
  hono,
  trpc,
  connect_web,
  graphql_request,
  urql,
  apollo,
  octokit,
  eventsource,
  mcp,
  openai,
  anthropic,
  ai,
  smithy_fetch,
  supabase,
  forwarded_request,
};
