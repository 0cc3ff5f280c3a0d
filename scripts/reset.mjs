import { parseStateDir } from "./stack/options.mjs";
import { statePaths } from "./stack/paths.mjs";
import { removeStackData } from "./stack/remove-stack-data.mjs";
import { runScript, StopWithSentence } from "./stack/stop-with-sentence.mjs";
import { findSupervisor, removeLeftovers } from "./stack/supervisor-lock.mjs";

await runScript(async () => {
  const paths = statePaths(parseStateDir(process.argv.slice(2)).stateDir);
  if (findSupervisor(paths)) throw new StopWithSentence("A stack is running: stop it first with `npm stop`.", 1);
  await removeLeftovers(paths, console.log);
  removeStackData(paths, console.log);
});
