import { spawn } from "node:child_process";

import { ROOT } from "./paths.mjs";
import { trackCommand } from "./run-command.mjs";

/**
 * Runs a command whose progress (stderr) the reader sees as it comes.
 * @param stdout "inherit", or "ignore" where it holds a report for machines
 */
export function runAttached(command, args, { env, stdout = "ignore", cwd = ROOT }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", stdout, "inherit"] });
    const untrack = trackCommand(child);
    child.on("error", () => resolve(127));
    child.on("close", (code) => {
      untrack();
      resolve(code ?? 128);
    });
  });
}
