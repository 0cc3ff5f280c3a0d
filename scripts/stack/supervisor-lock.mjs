import { openSync, closeSync, writeSync } from "node:fs";

import { readJsonFile, removeFile } from "./json-file.mjs";
import { isRunning, recordOf, stopProcess } from "./process-identity.mjs";
import { StopWithSentence } from "./stop-with-sentence.mjs";

/**
 * One supervisor per state directory. A lock left by a killed supervisor is taken over after stopping what it left running.
 * @returns release function
 */
export async function takeSupervisorLock(paths, print) {
  const holder = readJsonFile(paths.lock);
  if (isRunning(holder)) throw alreadyRunning(paths, holder);
  await removeLeftovers(paths, print);
  try {
    const file = openSync(paths.lock, "wx", 0o600);
    writeSync(file, JSON.stringify(recordOf(process.pid)));
    closeSync(file);
  } catch (error) {
    if (error.code === "EEXIST")
      throw new StopWithSentence("Another start is under way in this directory. Try again in a moment.", 75);
    throw error;
  }
  return () => removeFile(paths.lock);
}

/** The supervisor's record when it is alive. */
export function findSupervisor(paths) {
  const holder = readJsonFile(paths.lock);
  return isRunning(holder) ? holder : undefined;
}

/** Stops processes of a supervisor that was killed and removes its files. @returns the names of those stopped */
export async function removeLeftovers(paths, print) {
  const records = readJsonFile(paths.processes) ?? {};
  const alive = Object.entries(records).filter(([, record]) => isRunning(record));
  if (alive.length > 0)
    print(`an earlier start was killed; stopping what it left: ${alive.map(([name]) => name).join(", ")}`);
  // Last started, first stopped: the databases go last.
  for (const [, record] of alive.toReversed()) await stopProcess(record, 30_000);
  for (const file of [paths.lock, paths.processes, paths.stack]) removeFile(file);
  return alive.map(([name]) => name);
}

function alreadyRunning(paths, holder) {
  const url = readJsonFile(paths.stack)?.api_url;
  const where = url ? `at ${url}` : `and not ready yet (pid ${holder.pid})`;
  return new StopWithSentence(`A stack is already running ${where}. Stop it with \`npm stop\`.`, 1);
}
