/** A fleet on Redis that is disturbed. */

import { testsOn } from "../runtimes/tests_on.ts";
import { checkDisturbed } from "./disturbances.ts";
import { findEngine } from "./engines.ts";
import { size } from "./fleet.ts";

const testOnRedis = await testsOn("redis", () => findEngine("redis"));
testOnRedis(`${size} processes on redis go on, whatever happens`, async (start) => {
  await using engine = await start();
  await checkDisturbed(engine);
});
