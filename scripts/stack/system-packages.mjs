import { accessSync, constants, existsSync } from "node:fs";
import path from "node:path";

import { cleanEnvironment, runCommand, lastLines } from "./run-command.mjs";
import { StopWithSentence } from "./stop-with-sentence.mjs";

const PACKAGES = { mariadb: "mariadb-server", redis: "redis-server" };
const POLICY_FILE = "/usr/sbin/policy-rc.d";

/**
 * Debian starts a service as soon as its package is installed, unless policy-rc.d says no, and enables it for the next boot;
 * we only want the programs. One script, so that the policy goes away again however the installation or this process ends.
 */
const INSTALL_SCRIPT = `
set -eu
policy=${POLICY_FILE}
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' HUP INT TERM
  printf '#!/bin/sh\\n# Temporary, by npm start: no service is started while packages are installed.\\nexit 101\\n' >"$policy"
  chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
apt-get -q install -y --no-install-recommends "$@"
if command -v systemctl >/dev/null; then
  for package; do
    case $package in
      mariadb-server) systemctl disable --quiet mariadb || true ;;
      redis-server) systemctl disable --quiet redis-server || true ;;
    esac
  done
fi`;

/**
 * Finds the server programs, installing their Debian packages where that is possible without a question.
 * @param {{mariadb: boolean, redis: boolean}} needed
 */
export async function findServers(needed, print) {
  const missing = missingPackages(needed);
  if (missing.length > 0) await installPackages(missing, print);
  const stillMissing = missingPackages(needed);
  if (stillMissing.length > 0) throw askForPackages(stillMissing);
  return {
    mariadbd: findProgram("mariadbd"),
    mariadbInstallDb: findProgram("mariadb-install-db"),
    redisServer: findProgram("redis-server"),
  };
}

/** A plain user's PATH often lacks the sbin folders, where Debian puts mariadbd. */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? "").split(path.delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return folders
    .filter(Boolean)
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

function missingPackages(needed) {
  const missing = [];
  if (needed.mariadb && !(findProgram("mariadbd") && findProgram("mariadb-install-db"))) missing.push(PACKAGES.mariadb);
  if (needed.redis && !findProgram("redis-server")) missing.push(PACKAGES.redis);
  return missing;
}

async function installPackages(missing, print) {
  const prefix = await rootPrefix();
  if (prefix === undefined || !existsSync("/etc/debian_version")) throw askForPackages(missing);
  await refuseOpenPolicy();
  print(`installing ${missing.join(" and ")} with apt (its services are not started)`);
  const [command, ...args] = [...prefix, "sh", "-c", INSTALL_SCRIPT, "sh", ...missing];
  const { code, output } = await runCommand(command, args, { env: cleanEnvironment() });
  if (code !== 0) throw new StopWithSentence(`Installing packages failed:\n${lastLines(output, 20)}`, 69);
}

/** @returns [] as root, ["sudo","-n"] where sudo needs no password, undefined otherwise */
async function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  const { code } = await runCommand("sudo", ["-n", "true"]);
  return code === 0 ? ["sudo", "-n"] : undefined;
}

/** A policy-rc.d that exists is the administrator's: it is never touched, and if it allows starts we do not install. */
async function refuseOpenPolicy() {
  if (!existsSync(POLICY_FILE)) return;
  const { code } = await runCommand(POLICY_FILE, ["mariadb", "start"]);
  if (code === 101) return;
  throw new StopWithSentence(
    `${POLICY_FILE} exists and allows service starts. ${commandLine(Object.values(PACKAGES))}`,
    69,
  );
}

function askForPackages(missing) {
  return new StopWithSentence(
    `MariaDB and Redis are needed; missing: ${missing.join(", ")}. ${commandLine(missing)}`,
    69,
  );
}

function commandLine(packages) {
  return `Run this once, then start again:\n\n  sudo apt-get install -y --no-install-recommends ${packages.join(" ")}\n`;
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
