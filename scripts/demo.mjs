import { existsSync } from "node:fs";
import path from "node:path";

import { readJsonFile } from "./stack/json-file.mjs";
import { parseStateDir } from "./stack/options.mjs";
import { ROOT, statePaths } from "./stack/paths.mjs";
import { StopWithSentence, runScript } from "./stack/stop-with-sentence.mjs";
import { findSupervisor } from "./stack/supervisor-lock.mjs";

/** `npm run demo`: two payments on the running development stack, through the built SDK only. */
await runScript(async () => {
  const paths = statePaths(parseStateDir(process.argv.slice(2)).stateDir);
  const stack = readJsonFile(paths.stack);
  if (!stack || !findSupervisor(paths)) {
    throw new StopWithSentence("No stack is running. Start one with `npm start`, then run the demo again.", 69);
  }
  if (!existsSync(path.join(ROOT, "packages/sdk/dist/sdk.js"))) {
    throw new StopWithSentence("The SDK is not built. Run `npm run build`, or `npm start`, which builds it.", 69);
  }
  const { runDemo } = await import("./demo-flow.mjs");
  try {
    await runDemo(stack, console.log);
  } catch (error) {
    throw new StopWithSentence(`The demo failed: ${error.message}`, 70);
  }
});
