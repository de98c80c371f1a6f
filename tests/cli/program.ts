/** The command line as one module, for Bun and Node. @module */
import { exit, readArguments } from "../../src/cli/host.ts";
import { runCommandLine } from "../../src/cli/run_command_line.ts";

exit(await runCommandLine(readArguments()));
