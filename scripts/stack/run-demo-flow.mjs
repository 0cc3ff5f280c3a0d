import path from "node:path";

import { ROOT } from "./paths.mjs";

/**
 * Settles the demo transfers through the SDK. A failure is shown, but the stack stays up so that it can be looked at.
 * @returns {Promise<boolean>} whether the demo went through
 */
export async function runDemoFlow(stack, print) {
  const { runDemo } = await import(path.join(ROOT, "scripts/demo-flow.mjs"));
  try {
    await runDemo(stack, print);
    return true;
  } catch (error) {
    print(`the demo failed: ${error.stack ?? error}`);
    print(`the logs of all processes are in ${path.dirname(stack.logs.api)}`);
    return false;
  }
}
