import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import path from "node:path";

import { mustRun, runCommand } from "./run-command.mjs";
import { StopWithSentence } from "./stop-with-sentence.mjs";
import { answersOnSocket } from "./wait-until.mjs";

/** MySQL's greeting carries the protocol version in its fifth byte; an error packet would have 0xff there. */
const PROTOCOL_VERSION = 10;

/**
 * A private MariaDB on its own data directory. `grants` are statements run before the first connection is accepted, so
 * that no client program is needed.
 */
export function mariadbService({ servers, paths, port, isDurable = true, grants }) {
  const initFile = path.join(paths.run, "mariadb-init.sql");
  return {
    name: "mariadb",
    graceMs: 30_000,
    // MariaDB 10.11 drops a SIGTERM that reaches it while it starts.
    repeatSignalMs: 1_000,
    async prepare() {
      await prepareDataDir(servers, paths);
      writeFileSync(initFile, grants.map((statement) => `${statement};\n`).join(""), { mode: 0o600 });
    },
    launch: () => ({
      command: servers.mariadbd,
      args: serverArguments({ paths, port, isDurable, initFile }),
      env: process.env,
    }),
    isReady: () => answersOnSocket({ host: "127.0.0.1", port }, "", (bytes) => bytes[4] === PROTOCOL_VERSION),
    readyTimeoutMs: 60_000,
  };
}

function serverArguments({ paths, port, isDurable, initFile }) {
  return [
    "--no-defaults",
    ...asCurrentUser(),
    `--datadir=${paths.mysql}`,
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    `--socket=${path.join(paths.socketDir, "mysql.sock")}`,
    // Of its own: a server that starts empties the folder of temporary tables, those of its neighbours too.
    `--tmpdir=${paths.socketDir}`,
    `--pid-file=${path.join(paths.run, "mysql.pid")}`,
    `--init-file=${initFile}`,
    "--skip-log-bin",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_bin",
    // 2 survives a crash of MariaDB but not of the machine, 0 not even that: a test's data is worth nothing.
    `--innodb-flush-log-at-trx-commit=${isDurable ? 2 : 0}`,
    "--innodb-buffer-pool-size=256M",
    "--innodb-log-file-size=64M",
    "--performance-schema=OFF",
    "--max-connections=300",
  ];
}

async function prepareDataDir(servers, paths) {
  const version = await installedVersion(servers);
  if (existsSync(paths.mysql)) return refuseForeignDataDir(paths.mysql, version);
  // Made beside and renamed: an interrupted first start leaves nothing that looks like a database.
  const beside = `${paths.mysql}.new`;
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(beside, { recursive: true, mode: 0o700 });
  // A path relative to the working directory, because this shell script of MariaDB's does not quote: blanks would break it.
  const where = { cwd: path.dirname(beside), env: { ...process.env, TMPDIR: paths.socketDir } };
  await mustRun(
    "Creating the database directory",
    servers.mariadbInstallDb,
    [
      "--no-defaults",
      ...asCurrentUser(),
      `--datadir=./${path.basename(beside)}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
    ],
    where,
  );
  writeFileSync(path.join(beside, "arkrelay-version"), version);
  renameSync(beside, paths.mysql);
}

function refuseForeignDataDir(dataDir, version) {
  const marker = path.join(dataDir, "arkrelay-version");
  const repair = `Nothing in a development database is precious: run \`npm run reset\` (or remove ${dataDir}) and start again.`;
  if (!existsSync(path.join(dataDir, "mysql")) || !existsSync(marker)) {
    throw new StopWithSentence(`The database directory ${dataDir} is incomplete. ${repair}`, 75);
  }
  const made = readFileSync(marker, "utf8").trim();
  if (made !== version) {
    throw new StopWithSentence(`${dataDir} was made by MariaDB ${made}, installed is ${version}. ${repair}`, 75);
  }
}

/** Major and minor: data directories are compatible within one minor version. */
async function installedVersion(servers) {
  const { output } = await runCommand(servers.mariadbd, ["--no-defaults", "--version"]);
  return /Ver (\d+\.\d+)/.exec(output)?.[1] ?? "unknown";
}

/** mariadbd refuses to run as root unless told so by name; in a container the uid may have no name at all. */
function asCurrentUser() {
  try {
    return [`--user=${userInfo().username}`];
  } catch {
    return [];
  }
}
