/** Fleets on engines that are servers. */

import { testUndisturbed } from "./undisturbed.ts";

await testUndisturbed(["redis", "postgresql", "etcd"]);
