import { statePaths } from "./stack/paths.mjs";
import { removeStackData } from "./stack/remove-stack-data.mjs";
import { runScript } from "./stack/run-script.mjs";
import { stackUsage } from "./stack/state-dir-option.mjs";
import { StopWithSentence } from "./stack/stop-with-sentence.mjs";
import { findSupervisor, removeLeftovers } from "./stack/supervisor-lock.mjs";

const USAGE = stackUsage("npm run reset", "Empties database, Redis and devnet of a stopped stack.");

await runScript(USAGE, async (values) => {
  const paths = statePaths(values["state-dir"]);
  if (findSupervisor(paths)) throw new StopWithSentence("A stack is running: stop it first with `npm stop`.", 1);
  await removeLeftovers(paths, console.log);
  removeStackData(paths, console.log);
});
