import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

import { hasErrorCode } from "../net/has-error-code";

/** Another devnet process works in the same folder: two writers would ruin the journals. */
export class StateDirInUseError extends Error {}

/**
 * Takes the folder for this process; the returned function gives it back. A lock left by a killed process is void: its pid no
 * longer runs, or runs something else, or is our own (a container starts its first process with the same pid every time).
 */
export function lockStateDir(stateDir: string): () => void {
  const path = join(stateDir, "lock");
  for (;;) {
    try {
      const fd = openSync(path, "wx");
      writeSync(fd, String(process.pid));
      closeSync(fd);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (!hasErrorCode(error, "EEXIST")) throw error;
      const owner = Number(readFileSync(path, "utf8"));
      if (owner !== process.pid && isDevnet(owner)) {
        throw new StateDirInUseError(
          `process ${owner} already runs a devnet in ${stateDir}; stop it or choose another folder`,
        );
      }
      rmSync(path, { force: true });
    }
  }
}

function isDevnet(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return commandLineOf(pid)?.includes("devnet") ?? true;
}

/** Undefined where the system does not tell; the lock then counts. */
function commandLineOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return undefined;
  }
}
