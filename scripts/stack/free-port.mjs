import { createServer } from "node:net";

import { StopWithSentence } from "./stop-with-sentence.mjs";

const TRIES_MAX = 200;

/**
 * Gives out ports of 127.0.0.1: the wanted one, or the next free one after it, said aloud. What is given out once is not
 * given out again, though its owner has not opened it yet.
 */
export function createPortPicker(print) {
  const given = new Set();
  return async function pickPort(name, wanted) {
    for (let port = wanted; port < wanted + TRIES_MAX && port < 65_536; port += 1) {
      if (given.has(port) || !(await isFree(port))) continue;
      given.add(port);
      if (port !== wanted) print(`port ${wanted} is taken: ${name} listens on ${port}`);
      return port;
    }
    throw new StopWithSentence(
      `No free port for ${name} from ${wanted} on: stop what listens there and start again.`,
      75,
    );
  };
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
