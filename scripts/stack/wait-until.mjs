import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { endOfLog } from "./background-process.mjs";
import { StopWithSentence } from "./stop-with-sentence.mjs";

/**
 * Waits for a started process to serve. Its death or the deadline stops the start with the end of its log.
 * @param probe async () => boolean
 */
export async function waitUntilServing(process_, probe, timeoutMs) {
  const deadline = performance.now() + timeoutMs;
  let exit;
  void process_.exited.then((how) => (exit = { how }));
  while (!(await probe().catch(() => false))) {
    if (exit) throw failure(process_, `ended while starting (${exit.how})`);
    if (performance.now() > deadline) throw failure(process_, `did not become ready within ${timeoutMs / 1000} s`);
    await sleep(40);
  }
}

function failure(process_, what) {
  return new StopWithSentence(`${process_.name} ${what}. The end of ${process_.logFile}:\n${endOfLog(process_)}\n`, 70);
}

/** 200 from an HTTP probe. */
export async function answersOk(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await response.arrayBuffer();
  return response.status === 200;
}

/** Sends `hello` (may be empty) and asks `isGood` about the first bytes that come back. */
export function answersOnSocket(target, hello, isGood) {
  return new Promise((resolve) => {
    const socket = connect(target);
    const end = (good) => {
      socket.destroy();
      resolve(good);
    };
    socket.setTimeout(2_000, () => end(false));
    socket.on("error", () => end(false)).on("close", () => resolve(false));
    socket.on("connect", () => hello && socket.write(hello));
    socket.on("data", (bytes) => end(isGood(bytes)));
  });
}

/** Whether anything listens there. */
export function takesConnections(target) {
  return new Promise((resolve) => {
    const socket = connect(target, () => end(true));
    const end = (isUp) => {
      socket.destroy();
      resolve(isUp);
    };
    socket.setTimeout(5_000, () => end(false));
    socket.on("error", () => end(false));
  });
}
