import path from "node:path";

import { ROOT } from "./paths.mjs";

/** Settles the demo transfers through the SDK. A failure is shown, but the stack stays up so that it can be looked at. */
export async function runDemoFlow(stack, print) {
  const { runDemo } = await import(path.join(ROOT, "scripts/demo-flow.mjs"));
  try {
    await runDemo(stack, print);
  } catch (error) {
    print(`the demo failed: ${error.stack ?? error}`);
    print(`the logs of all processes are in ${path.dirname(stack.logs.api)}`);
    process.exitCode = 70;
  }
}
