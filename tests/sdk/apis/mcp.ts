/** An MCP server without sessions. @module */
// The package's types are looked for under a name that isn't theirs.
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/mcp"
import { McpServer } from "npm:@modelcontextprotocol/sdk@1.32.2/server/mcp.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport } from "npm:@modelcontextprotocol/sdk@1.32.2/server/webStandardStreamableHttp.js";
import { string } from "npm:zod@4.6.7";
import type { Answer } from "../api.ts";

const say = (text: string) => ({ content: [{ type: "text" as const, text }] });

/** Answers by a server for each request. */
export const answer: Answer = async ({ request, continued }) => {
  // It offers no stream of its own.
  if (request.method !== "POST") return new Response(null, { status: 405 });
  const server = new McpServer({ name: "sdk", version: "1.0.0" });
  server.registerTool("plain", {}, () => say("answer"));
  server.registerTool("post", { inputSchema: { text: string() } }, ({ text }) => say(text));
  server.registerTool("stream", {}, async ({ _meta, sendNotification }) => {
    const params = { progressToken: _meta!.progressToken!, progress: 1, message: "one" };
    await sendNotification({ method: "notifications/progress", params });
    await continued;
    return say("two");
  });
  const transport = new WebStandardStreamableHTTPServerTransport();
  await server.connect(transport);
  return await transport.handleRequest(request);
};
