import { accessSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { cleanEnvironment, runCommand, lastLines } from "./run-command.mjs";
import { StopWithSentence } from "./stop-with-sentence.mjs";

const PACKAGES = { mariadb: "mariadb-server", redis: "redis-server" };
const POLICY_FILE = "/usr/sbin/policy-rc.d";

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
  const denial = await denyServiceStart(prefix);
  print(`installing ${missing.join(" and ")} with apt (its services are not started)`);
  try {
    await apt(prefix, ["update"]);
    await apt(prefix, ["install", "-y", "--no-install-recommends", ...missing]);
    await disableServices(prefix);
  } finally {
    await denial.lift();
  }
}

/** @returns [] as root, ["sudo","-n"] where sudo needs no password, undefined otherwise */
async function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  const { code } = await runCommand("sudo", ["-n", "true"]);
  return code === 0 ? ["sudo", "-n"] : undefined;
}

/**
 * Debian starts a service as soon as its package is installed, unless policy-rc.d says no. We put one there for the time of
 * the installation. One that exists is the administrator's: it is never touched, and if it allows starts we do not install.
 */
async function denyServiceStart(prefix) {
  if (existsSync(POLICY_FILE)) {
    const { code } = await runCommand(POLICY_FILE, ["mariadb", "start"]);
    if (code !== 101)
      throw new StopWithSentence(
        `${POLICY_FILE} exists and allows service starts. ${commandLine(Object.values(PACKAGES))}`,
        69,
      );
    return { lift: async () => {} };
  }
  const script =
    "#!/bin/sh\n# Temporary, by npm start: no service is started while packages are installed.\nexit 101\n";
  if (prefix.length === 0) {
    writeFileSync(POLICY_FILE, script, { mode: 0o755, flag: "wx" });
    const remove = () => rmSync(POLICY_FILE, { force: true });
    process.once("exit", remove);
    return {
      lift: async () => {
        remove();
        process.removeListener("exit", remove);
      },
    };
  }
  await asRoot(prefix, "sh", [
    "-c",
    `set -C; printf %s '${script.replaceAll("'", "")}' > ${POLICY_FILE} && chmod 755 ${POLICY_FILE}`,
  ]);
  return { lift: () => asRoot(prefix, "rm", ["-f", POLICY_FILE]) };
}

/** The packages enable their services for the next boot; we only wanted the programs. */
async function disableServices(prefix) {
  if (!findProgram("systemctl")) return;
  const [command, ...args] = [...prefix, "systemctl", "disable", "--quiet", "mariadb", "redis-server"];
  await runCommand(command, args);
}

function apt(prefix, args) {
  const quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"];
  return asRoot(prefix, quiet[0], [...quiet.slice(1), ...args]);
}

async function asRoot(prefix, program, args) {
  const [command, ...rest] = [...prefix, program, ...args];
  const { code, output } = await runCommand(command, rest, { env: cleanEnvironment() });
  if (code !== 0) throw new StopWithSentence(`${program} ${args.join(" ")} failed:\n${lastLines(output, 20)}`, 69);
}

function askForPackages(missing) {
  return new StopWithSentence(`MariaDB and Redis are needed. ${commandLine(missing)}`, 69);
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
