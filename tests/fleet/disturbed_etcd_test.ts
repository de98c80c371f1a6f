/** A fleet on etcd that is disturbed, as far as the engine counts. It tells no remaining lifetimes: the clocks are right. */

import { testsOn } from "../runtimes/tests_on.ts";
import { checkDisturbed } from "./disturbances.ts";
import { findEngine } from "./engines.ts";
import { size } from "./fleet.ts";

const testOnEtcd = await testsOn("etcd", () => findEngine("etcd"));
testOnEtcd(`${size} processes on etcd go on, whatever happens`, async (start) => {
  await using engine = await start();
  await checkDisturbed(engine, { which: /lease|store/ });
});
