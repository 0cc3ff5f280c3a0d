import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * What tells a process from a later one with the same pid: boot and start time. undefined = no such process (a zombie
 * counts as gone). Every pid we write down goes with its identity, so that a stale file never makes us kill a stranger.
 */
export function processIdentity(pid) {
  return process.platform === "linux" ? linuxIdentity(pid) : psIdentity(pid);
}

export function isRunning(record) {
  return record?.identity !== undefined && processIdentity(record.pid) === record.identity;
}

export function recordOf(pid) {
  return { pid, identity: processIdentity(pid) };
}

/**
 * SIGTERM, then SIGKILL when the process is still there after `graceMs`. `repeatMs` sends SIGTERM again and again, for a
 * program that may miss one; ours must not get a second one, which tells them to skip their drain.
 * @returns whether it went without force
 */
export async function stopProcess(record, graceMs, repeatMs = graceMs) {
  const deadline = performance.now() + graceMs;
  do {
    if (!isRunning(record)) return true;
    signal(record.pid, "SIGTERM");
    if (await isGoneWithin(record, repeatMs)) return true;
  } while (performance.now() < deadline);
  signal(record.pid, "SIGKILL");
  await isGoneWithin(record, 5_000);
  return false;
}

export async function isGoneWithin(record, timeoutMs) {
  const deadline = performance.now() + timeoutMs;
  while (isRunning(record)) {
    if (performance.now() > deadline) return false;
    await sleep(25);
  }
  return true;
}

/** Whether no process of this group is left. The id of a group is not given out again while a member lives. */
export async function isGroupGoneWithin(groupId, timeoutMs) {
  const deadline = performance.now() + timeoutMs;
  while (signal(-groupId, 0)) {
    if (performance.now() > deadline) return false;
    await sleep(25);
  }
  return true;
}

/** @returns whether there was somebody to receive it; a negative pid means a whole group */
export function signal(pid, name) {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
    return false;
  }
}

function linuxIdentity(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command in field 2 may hold spaces and brackets, so count from the last bracket: state is first, start time 20th.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${bootId}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

function psIdentity(pid) {
  try {
    const started = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    return started === "" ? undefined : started;
  } catch {
    return undefined;
  }
}
