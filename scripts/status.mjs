import { readJsonFile } from "./stack/json-file.mjs";
import { parseStateDir } from "./stack/options.mjs";
import { statePaths } from "./stack/paths.mjs";
import { runScript, StopWithSentence } from "./stack/stop-with-sentence.mjs";
import { findSupervisor } from "./stack/supervisor-lock.mjs";

await runScript(async () => {
  const paths = statePaths(parseStateDir(process.argv.slice(2)).stateDir);
  const stack = readJsonFile(paths.stack);
  if (!findSupervisor(paths)) throw new StopWithSentence("No stack is running. Start one with `npm start`.", 1);
  if (!stack) throw new StopWithSentence("The stack is starting and not ready yet.", 1);
  console.log(JSON.stringify(stack, null, 2));
});
