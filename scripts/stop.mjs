import { statePaths } from "./stack/paths.mjs";
import { isGoneWithin, signal } from "./stack/process-identity.mjs";
import { runScript } from "./stack/run-script.mjs";
import { stackUsage } from "./stack/state-dir-option.mjs";
import { StopWithSentence } from "./stack/stop-with-sentence.mjs";
import { findSupervisor, removeLeftovers } from "./stack/supervisor-lock.mjs";

const USAGE = stackUsage("npm stop", "Stops the running stack, or what a killed one left behind.");

const STOP_TIMEOUT_MS = 120_000;

await runScript(USAGE, async (values) => {
  const paths = statePaths(values["state-dir"]);
  const supervisor = findSupervisor(paths);
  if (supervisor) {
    signal(supervisor.pid, "SIGTERM");
    if (!(await isGoneWithin(supervisor, STOP_TIMEOUT_MS))) {
      throw new StopWithSentence(
        `The stack (pid ${supervisor.pid}) did not stop within ${STOP_TIMEOUT_MS / 1000} s.`,
        70,
      );
    }
  }
  const leftovers = await removeLeftovers(paths, console.log);
  console.log(supervisor || leftovers.length > 0 ? "Stopped." : "Nothing is running.");
});
