/**
 * A token, then a call of the API with it, with settings that come as JSON on the command line.
 *
 * @module
 */

import { argv } from "node:process";
import { runOnce } from "./run_once.ts";

await runOnce(JSON.parse(argv[2]!));
