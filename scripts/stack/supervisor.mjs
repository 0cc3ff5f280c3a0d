import { setTimeout as sleep } from "node:timers/promises";

import { endOfLog, startBackground } from "./background-process.mjs";
import { writeJsonFile } from "./json-file.mjs";
import { stopProcess } from "./process-identity.mjs";
import { StopWithSentence } from "./stop-with-sentence.mjs";
import { waitUntilServing } from "./wait-until.mjs";

/** A process that dies is back within 2 s; one that dies over and over is retried at the slower pace. */
const RESTART_MS = 200;
const CRASH_LOOP_RESTART_MS = 1_500;
const CRASH_LOOP_AGE_MS = 3_000;

/**
 * Starts services one after the other, restarts those that die, stops all in reverse order.
 *
 * A service is {name, graceMs, repeatSignalMs?, readyTimeoutMs, prepare?(), launch(): {command, args, env}, isReady(): Promise<boolean>}.
 * `onChange` is called after every restart, with the new pids in `pids()`.
 */
export function createSupervisor({ paths, print, onChange = () => {} }) {
  const running = new Map();
  let isStopping = false;

  function spawnService(service) {
    const process_ = startBackground({ name: service.name, logDir: paths.logs, ...service.launch() });
    running.set(service.name, { ...process_, graceMs: service.graceMs, repeatSignalMs: service.repeatSignalMs });
    // Written before anything is awaited: whoever kills us now leaves a record of what to clean up.
    writeJsonFile(paths.processes, records());
    return process_;
  }

  async function start(service) {
    await service.prepare?.();
    if (isStopping) throw new StopWithSentence("Stopped while starting.", 130);
    const process_ = spawnService(service);
    await waitUntilServing(process_, service.isReady, service.readyTimeoutMs);
    void watch(service, process_);
  }

  async function watch(service, first) {
    for (let process_ = first; ;) {
      const startedAt = performance.now();
      const how = await process_.exited;
      if (isStopping) return;
      print(`${service.name} (pid ${process_.pid}) ended: ${how}. Starting it again; the end of ${process_.logFile}:`);
      print(endOfLog(process_, 5));
      await sleep(performance.now() - startedAt < CRASH_LOOP_AGE_MS ? CRASH_LOOP_RESTART_MS : RESTART_MS);
      if (isStopping) return;
      process_ = spawnService(service);
      onChange();
    }
  }

  async function stopAll() {
    isStopping = true;
    for (const process_ of [...running.values()].toReversed()) {
      const wentItself = await stopProcess(process_.record, process_.graceMs, process_.repeatSignalMs);
      if (!wentItself) print(`${process_.name} did not stop within ${process_.graceMs / 1000} s and was killed`);
    }
    running.clear();
  }

  const records = () => Object.fromEntries([...running].map(([name, { record }]) => [name, record]));
  const byJsonName = (pick) =>
    Object.fromEntries([...running].map(([name, it]) => [name.replaceAll("-", "_"), pick(it)]));
  return {
    start,
    stopAll,
    isStopping: () => isStopping,
    pids: () => byJsonName(({ pid }) => pid),
    logs: () => byJsonName(({ logFile }) => logFile),
  };
}
