import { readJsonFile } from "./stack/json-file.mjs";
import { statePaths } from "./stack/paths.mjs";
import { runScript } from "./stack/run-script.mjs";
import { stackUsage } from "./stack/state-dir-option.mjs";
import { StopWithSentence } from "./stack/stop-with-sentence.mjs";
import { findSupervisor } from "./stack/supervisor-lock.mjs";

const USAGE = stackUsage(
  "npm run status",
  "Prints where everything of the running stack is, as JSON. Exit code 1 when none is ready.",
);

await runScript(USAGE, async (values) => {
  const paths = statePaths(values["state-dir"]);
  const stack = readJsonFile(paths.stack);
  if (!findSupervisor(paths)) throw new StopWithSentence("No stack is running. Start one with `npm start`.", 1);
  if (!stack) throw new StopWithSentence("The stack is starting and not ready yet.", 1);
  console.log(JSON.stringify(stack, null, 2));
});
