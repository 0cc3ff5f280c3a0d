import { spawn } from "node:child_process";

import { ROOT } from "./paths.mjs";
import { trackCommand } from "./run-command.mjs";

/** Runs a command whose progress the reader sees as it comes. stdout is dropped: with --json it is jest's machine report. */
export function runAttached(command, args, { env }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ["ignore", "ignore", "inherit"] });
    const untrack = trackCommand(child);
    child.on("error", () => resolve(127));
    child.on("close", (code) => {
      untrack();
      resolve(code ?? 128);
    });
  });
}
