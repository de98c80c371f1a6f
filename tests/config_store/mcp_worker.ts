/** Runs the MCP client in a worker, with one authenticator for all requests. @module */
import type { ClientCredentialsAuthenticator } from "../../mod.ts";
import { mcpAuthenticator, whoami } from "./mcp_program.ts";

let authenticator: ClientCredentialsAuthenticator | undefined;

export default {
  async fetch(_request: Request, { SETTINGS }: { SETTINGS: string }): Promise<Response> {
    const settings = JSON.parse(SETTINGS);
    authenticator ??= mcpAuthenticator(settings);
    return new Response(await whoami(settings.url, authenticator));
  },
};
