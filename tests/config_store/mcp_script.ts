/** Runs the MCP client as a program; its last argument holds the settings. @module */
import { argv } from "node:process";
import { mcpAuthenticator, whoami } from "./mcp_program.ts";

const settings = JSON.parse(argv.at(-1)!);
console.log(await whoami(settings.url, mcpAuthenticator(settings)));
