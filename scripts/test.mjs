import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";

import { bootstrap, toolEnvironment } from "./stack/bootstrap.mjs";
import { neededServers, startDatabases } from "./stack/databases.mjs";
import { createPortPicker } from "./stack/free-port.mjs";
import { readJsonFile, removeFile } from "./stack/json-file.mjs";
import { nextSignal } from "./stack/next-signal.mjs";
import { makeStateDirs, ROOT, statePaths } from "./stack/paths.mjs";
import { createProgress } from "./stack/progress.mjs";
import { runAttached } from "./stack/run-attached.mjs";
import { stopCommands } from "./stack/run-command.mjs";
import { runScript } from "./stack/run-script.mjs";
import { StopWithSentence } from "./stack/stop-with-sentence.mjs";
import { takeSupervisorLock } from "./stack/supervisor-lock.mjs";
import { createSupervisor } from "./stack/supervisor.mjs";
import { findServers } from "./stack/system-packages.mjs";
import { countResults } from "./stack/test-results.mjs";

const USAGE = {
  help: `npm test -- [filter…] [options]

Runs every test: unit, integration on a MariaDB and Redis of its own, end to end.
The last line is \`N passed, N failed\`; the exit code is 0 when none failed and some passed.

  filter            only test files whose path matches
  --name PATTERN    only tests whose name matches
  --update          write new snapshots and vectors
  --long            2000 random histories of ceremonies and 5000 of lifts and lands, and five minutes of the kill drill
  --help            this text`,
  options: {
    name: { type: "string" },
    update: { type: "boolean", default: false },
    long: { type: "boolean", default: false },
  },
  allowPositionals: true,
};

/** Read by apps/worker/src/handlers/{ceremony-random-*,lightning-random-*,asset-random,asset-lightning-random}.int.test.ts and e2e/src/lightning-drill.e2e.test.ts. */
const LONG_ENVIRONMENT = {
  CEREMONY_RUNS: "2000",
  LIGHTNING_RUNS: "5000",
  ASSET_RUNS: "300",
  ASSET_LIGHTNING_RUNS: "1000",
  DRILL_SECONDS: "300",
};

/** The whole suite takes about ten minutes on two cores that do nothing else; what takes longer than this hangs, and a hang is a failure. */
const TEST_TIMEOUT_MS = 30 * 60_000;

/** Databases of the tests: the harness makes one per jest worker and names it after TEST_PREFIX. */
const DATABASE_PATTERN = "`arkrelay\\_%`.*";

await runScript(USAGE, test);

async function test(values, filters) {
  const { print } = createProgress();
  const paths = statePaths(".local/test");
  makeStateDirs(paths);
  const releaseLock = await takeSupervisorLock(paths, print).catch(explainLock);
  const supervisor = createSupervisor({ paths, print });
  const interrupted = nextSignal();
  const resultFile = path.join(paths.run, "jest.json");
  // Of the end-to-end tests, which start stacks of their own.
  const stacks = path.join(paths.root, "stacks");
  removeFile(resultFile);
  try {
    await Promise.race([runSuites(), interrupted.then(() => print("interrupted"))]);
  } catch (error) {
    // Also a failure before the first test ends with the line of numbers.
    console.error(error instanceof StopWithSentence ? error.message : error);
  } finally {
    await stopCommands();
    await supervisor.stopAll();
    removeFile(paths.processes);
    for (const folder of [stacks, paths.socketDir]) rmSync(folder, { recursive: true, force: true });
    releaseLock();
  }
  const { passed, failed, failures } = countResults(readJsonFile(resultFile));
  for (const failure of failures) console.log(failure);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;

  async function runSuites() {
    // Always private instances: a developer's DATABASE_URL names a database that no test should write to.
    delete process.env.DATABASE_URL;
    delete process.env.REDIS_URL;
    await findServers(neededServers(), print);
    await bootstrap(print);
    const databases = await startTestDatabases({ supervisor, paths, print });
    print("running the tests");
    await runAttached(process.execPath, jestArguments(values, filters, resultFile), {
      timeoutMs: values.long ? undefined : TEST_TIMEOUT_MS,
      env: toolEnvironment({
        NODE_ENV: "test",
        TEST_DATABASE_URL: databases.databaseUrl,
        TEST_REDIS_URL: databases.redisUrl,
        TEST_PREFIX: "main",
        ...(values.long ? LONG_ENVIRONMENT : {}),
      }),
    });
  }
}

async function startTestDatabases({ supervisor, paths, print }) {
  return await startDatabases({
    supervisor,
    paths,
    print,
    pickPort: createPortPicker(print),
    ports: { mariadb: 34_306, redis: 37_379 },
    user: { name: "test", password: "test" },
    databaseName: "",
    userGrants: [`GRANT ALL ON ${DATABASE_PATTERN} TO 'test'@'127.0.0.1'`],
    isDurable: false,
  });
}

function jestArguments({ name, update }, filters, resultFile) {
  mkdirSync(path.join(ROOT, ".local/jest-cache"), { recursive: true });
  return [
    path.join(ROOT, "node_modules/jest/bin/jest.js"),
    "--json",
    `--outputFile=${resultFile}`,
    "--testTimeout=30000",
    "--maxWorkers=2",
    `--cacheDirectory=${path.join(ROOT, ".local/jest-cache")}`,
    ...(process.env.CI && !update ? ["--ci"] : []),
    ...(update ? ["--updateSnapshot"] : []),
    ...(name === undefined ? [] : [`--testNamePattern=${name}`]),
    "--",
    ...filters,
  ];
}

function explainLock(error) {
  if (error.exitCode !== 1) throw error;
  throw new StopWithSentence("Another `npm test` is running in this checkout. Wait for it, or stop it.", 1);
}
