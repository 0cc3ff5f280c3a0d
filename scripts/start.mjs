import { rmSync } from "node:fs";

import { bootstrap } from "./stack/bootstrap.mjs";
import { checkGivenServers, neededServers } from "./stack/databases.mjs";
import { removeFile } from "./stack/json-file.mjs";
import { nextSignal } from "./stack/next-signal.mjs";
import { makeStateDirs, statePaths } from "./stack/paths.mjs";
import { printStack } from "./stack/print-stack.mjs";
import { createProgress } from "./stack/progress.mjs";
import { removeStackData } from "./stack/remove-stack-data.mjs";
import { stopCommands } from "./stack/run-command.mjs";
import { runDemoFlow } from "./stack/run-demo-flow.mjs";
import { runScript } from "./stack/run-script.mjs";
import { START_USAGE, toStartOptions } from "./stack/start-options.mjs";
import { startStack, writeStackFile } from "./stack/start-stack.mjs";
import { takeSupervisorLock } from "./stack/supervisor-lock.mjs";
import { createSupervisor } from "./stack/supervisor.mjs";
import { findServers } from "./stack/system-packages.mjs";

await runScript(START_USAGE, async (values) => await start(toStartOptions(values)));

async function start(options) {
  const { print, plain } = createProgress(options.asJson ? process.stderr : process.stdout);
  const paths = statePaths(options.stateDir);
  makeStateDirs(paths);
  const interrupted = nextSignal();
  const releaseLock = await takeSupervisorLock(paths, print);
  let stack;
  let isDemoGood = true;
  const supervisor = createSupervisor({
    paths,
    print,
    onChange: () => stack && writeStackFile(paths, stack, supervisor),
  });
  let isReady = false;
  try {
    // Interrupted while starting, the race ends first; afterwards the signal is what is waited for.
    await Promise.race([bringUp().then(() => interrupted), interrupted]);
    if (!isReady) return 130;
    return isDemoGood ? 0 : 70;
  } finally {
    await stopCommands();
    print("stopping");
    removeFile(paths.stack);
    await supervisor.stopAll();
    removeFile(paths.processes);
    rmSync(paths.socketDir, { recursive: true, force: true });
    releaseLock();
    print("stopped");
  }

  // What was under way when the stop came has nothing more to say.
  function say(text) {
    if (!supervisor.isStopping()) print(text);
  }

  async function bringUp() {
    if (options.wantsReset) removeStackData(paths, print);
    // Before the minute of installing and building: who must run a command first should hear it at once.
    await findServers(neededServers(), say);
    await checkGivenServers();
    await bootstrap(say);
    const started = await startStack({ supervisor, paths, print: say, options });
    stack = started;
    const full = writeStackFile(paths, started, supervisor);
    if (options.wantsDemo) isDemoGood = await runDemoFlow(full, say);
    isReady = true;
    print(`ready${isDemoGood ? "" : ", but the demo failed"}`);
    if (options.asJson) process.stdout.write(`${JSON.stringify(full)}\n`);
    else printStack(plain, full, { auth: options.auth, stackFile: paths.stack });
  }
}
