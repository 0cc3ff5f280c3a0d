import { spawn } from "node:child_process";

import { ROOT } from "./paths.mjs";
import { isGroupGoneWithin, signal } from "./process-identity.mjs";
import { trackCommand } from "./run-command.mjs";

/** What a test starts in its turn, a whole stack for example, needs time to stop in order. */
const GROUP_GRACE_MS = 60_000;

/**
 * Runs a command whose progress (stderr) the reader sees as it comes. It leads a process group of its own, so that ending it
 * also ends what it started, and it counts as ended when the whole group is gone.
 * @param stdout "inherit", or "ignore" where it holds a report for machines
 * @param timeoutMs after which it is told to end; by default it may take for ever
 */
export async function runAttached(command, args, { env, stdout = "ignore", cwd = ROOT, timeoutMs }) {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", stdout, "inherit"], detached: true });
  const exited = new Promise((resolve) => {
    child.on("error", () => resolve(127));
    child.on("close", (code) => resolve(code ?? 128));
  });
  const endGroup = () => child.pid && signal(-child.pid, "SIGTERM");
  const untrack = trackCommand(endGroup);
  const timer = timeoutMs && setTimeout(endGroup, timeoutMs);
  const code = await exited;
  clearTimeout(timer);
  if (child.pid && !(await isGroupGoneWithin(child.pid, GROUP_GRACE_MS))) signal(-child.pid, "SIGKILL");
  untrack();
  return code;
}
