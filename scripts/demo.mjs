import { existsSync } from "node:fs";
import path from "node:path";

import { readJsonFile } from "./stack/json-file.mjs";
import { ROOT, statePaths } from "./stack/paths.mjs";
import { runScript } from "./stack/run-script.mjs";
import { stackUsage } from "./stack/state-dir-option.mjs";
import { StopWithSentence } from "./stack/stop-with-sentence.mjs";
import { findSupervisor } from "./stack/supervisor-lock.mjs";

const USAGE = stackUsage(
  "npm run demo",
  "Settles two payments, a lift and a land on the running stack, through the SDK only.",
);

/** `npm run demo`: two payments, a lift and a land on the running development stack, through the built SDK only. */
await runScript(USAGE, async (values) => {
  const paths = statePaths(values["state-dir"]);
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
