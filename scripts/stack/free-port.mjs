import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { StopWithSentence } from "./stop-with-sentence.mjs";

const TRIES_MAX = 200;

/** A file per port that a starting or running stack of this user has taken, with its process id in it. */
const CLAIMS = path.join(tmpdir(), `arkrelay-${process.getuid?.() ?? 0}-ports`);

/**
 * Gives out ports of 127.0.0.1: the wanted one, or the next free one after it, said aloud. What is given out is not given out again,
 * though its owner has not opened it yet: not by this process, and not by another stack that starts in the same moment.
 */
export function createPortPicker(print) {
  return async function pickPort(name, wanted) {
    for (let port = wanted; port < wanted + TRIES_MAX && port < 65_536; port += 1) {
      if (!claim(port)) continue;
      if (!(await isFree(port))) {
        release(port);
        continue;
      }
      if (port !== wanted) print(`port ${wanted} is taken: ${name} listens on ${port}`);
      return port;
    }
    throw new StopWithSentence(
      `No free port for ${name} from ${wanted} on: stop what listens there and start again.`,
      75,
    );
  };
}

const claimed = new Set();

/** Made by one process at a time; what a process that is gone has left behind is taken over. */
function claim(port) {
  mkdirSync(CLAIMS, { recursive: true, mode: 0o700 });
  if (claimed.size === 0) process.once("exit", () => claimed.forEach(release));
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      writeFileSync(fileOf(port), String(process.pid), { flag: "wx" });
      claimed.add(port);
      return true;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (isHeld(port)) return false;
      rmSync(fileOf(port), { force: true });
    }
  }
  return false;
}

function release(port) {
  rmSync(fileOf(port), { force: true });
  claimed.delete(port);
}

function isHeld(port) {
  try {
    process.kill(Number(readFileSync(fileOf(port), "utf8")), 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive, too; a file that is not written yet belongs to one that is starting.
    return error.code === "EPERM";
  }
}

function fileOf(port) {
  return path.join(CLAIMS, String(port));
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
