import { rmSync } from "node:fs";
import path from "node:path";

import { bootstrap, toolEnvironment } from "./stack/bootstrap.mjs";
import { removeFile } from "./stack/json-file.mjs";
import { nextSignal } from "./stack/next-signal.mjs";
import { makeStateDirs, ROOT, statePaths } from "./stack/paths.mjs";
import { createProgress } from "./stack/progress.mjs";
import { removeStackData } from "./stack/remove-stack-data.mjs";
import { runAttached } from "./stack/run-attached.mjs";
import { stopCommands } from "./stack/run-command.mjs";
import { runScript } from "./stack/run-script.mjs";
import { startStack, writeStackFile } from "./stack/start-stack.mjs";
import { StopWithSentence } from "./stack/stop-with-sentence.mjs";
import { takeSupervisorLock } from "./stack/supervisor-lock.mjs";
import { createSupervisor } from "./stack/supervisor.mjs";

/** What a measurement must not run into: limits that protect a gateway from its callers. */
const BENCH_ENVIRONMENT = {
  MAX_PENDING_JOBS_PER_OWNER: "100000000",
  // New keys share 20 unfinalised transfers; 50 of them at once would measure how they queue.
  ACCEPTED_UNFINALISED_MAX: "1000",
  QUEUE_CONCURRENCY_DEFAULT: "32",
  LOG_LEVEL: "WARNING",
  LOG_FORMAT: "json",
};
const FEE_VTXO_COUNT = 400;

const USAGE = {
  help: `npm run bench -- [options]

Measures on a stack of its own under .local/bench, and prints ratios against bare libraries.

  --only PARTS      comma list of enqueue, worker, ceremony, lightning, daemon,
                    schnorr (default: all)
  --rounds N        rounds of each comparison (default 5)
  --seconds N       seconds of each enqueue round (default 4)
  --jobs N          jobs of each worker round (default 2000)
  --help            this text`,
  options: {
    only: { type: "string" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    jobs: { type: "string" },
  },
};

await runScript(USAGE, async () => {
  const { print } = createProgress();
  delete process.env.DATABASE_URL;
  delete process.env.REDIS_URL;
  Object.assign(process.env, BENCH_ENVIRONMENT);
  const paths = statePaths(".local/bench");
  makeStateDirs(paths);
  const interrupted = nextSignal().then(() => 130);
  const releaseLock = await takeSupervisorLock(paths, print);
  const supervisor = createSupervisor({ paths, print });
  try {
    return await Promise.race([measure({ supervisor, paths, print }), interrupted]);
  } finally {
    await stopCommands();
    await supervisor.stopAll();
    removeFile(paths.stack);
    removeFile(paths.processes);
    rmSync(paths.socketDir, { recursive: true, force: true });
    releaseLock();
  }
});

async function measure({ supervisor, paths, print }) {
  await bootstrap(print);
  await checkValues();
  removeStackData(paths, print);
  const options = { port: 8000, auth: "open", feeVtxoCount: FEE_VTXO_COUNT };
  writeStackFile(paths, await startStack({ supervisor, paths, print, options }), supervisor);
  const main = path.join(ROOT, "bench/src/main.ts");
  const env = toolEnvironment({ STACK_FILE: paths.stack, NODE_ENV: "production" });
  return await runAttached(process.execPath, ["--import", "tsx", main, ...process.argv.slice(2)], {
    env,
    stdout: "inherit",
    cwd: path.join(ROOT, "bench"),
  });
}

/** The same reader that main.ts uses, asked before a stack is started in vain. */
async function checkValues() {
  const { tsImport } = await import("tsx/esm/api");
  const { parseOptions } = await tsImport("../bench/src/options.ts", import.meta.url);
  try {
    parseOptions(process.argv.slice(2));
  } catch (error) {
    throw new StopWithSentence(error.message, 64);
  }
}
