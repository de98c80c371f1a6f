/** The MCP client as a program: its last argument is what it needs to know. @module */
import { argv } from "node:process";
import { mcpAuthenticator, whoami } from "./mcp_program.ts";

const settings = JSON.parse(argv.at(-1)!);
console.log(await whoami(settings.url, mcpAuthenticator(settings)));
