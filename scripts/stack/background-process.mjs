import { spawn } from "node:child_process";
import { closeSync, existsSync, fstatSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import path from "node:path";

import { ROOT } from "./paths.mjs";
import { recordOf } from "./process-identity.mjs";
import { lastLines } from "./run-command.mjs";

const LOG_BYTES_MAX = 20 * 1024 * 1024;

/**
 * Starts a long-lived process in its own session, so that Ctrl-C reaches only us and we stop everything in our order.
 * stdout and stderr are appended to its log file.
 */
export function startBackground({ name, command, args, env, logDir }) {
  const logFile = path.join(logDir, `${name}.log`);
  rotate(logFile);
  const log = openSync(logFile, "a", 0o600);
  const logStart = fstatSync(log).size;
  const child = spawn(command, args, { cwd: ROOT, env, detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  const exited = new Promise((resolve) => {
    child.once("exit", (code, signalName) => resolve(signalName ?? code));
    child.once("error", (error) => resolve(error.message));
  });
  return { name, pid: child.pid, record: child.pid ? recordOf(child.pid) : undefined, logFile, logStart, exited };
}

/** The last lines that this process wrote, not those of an earlier one in the same file. */
export function endOfLog({ logFile, logStart }, lines = 15) {
  return lastLines(readFileSync(logFile).subarray(logStart).toString(), lines);
}

function rotate(logFile) {
  if (existsSync(logFile) && statSync(logFile).size > LOG_BYTES_MAX) renameSync(logFile, `${logFile}.1`);
}
