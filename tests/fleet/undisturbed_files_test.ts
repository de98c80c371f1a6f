/** Fleets on engines that are files of one machine. */

import { testUndisturbed } from "./undisturbed.ts";

await testUndisturbed(["sqlite", "file", "deno-kv"]);
