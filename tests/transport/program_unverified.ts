/**
 * As program_once.ts, by a transport that doesn't look at certificates.
 *
 * @module
 */

import { argv } from "node:process";
import { denoTransport } from "@m2m/authenticator/transport/deno";
import { runOnce } from "./run_once.ts";

await using transport = denoTransport({ verify: false });
await runOnce(JSON.parse(argv[2]!), { fetch: transport.fetch });
