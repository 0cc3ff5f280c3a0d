import { mkdirSync } from "node:fs";

import { answersOnSocket } from "./wait-until.mjs";

/**
 * A private Redis without persistence: MariaDB holds the truth, Redis only wakes work, so an empty Redis after a restart is
 * an everyday case worth living with.
 */
export function redisService({ servers, paths, port }) {
  const network = ["--bind", "127.0.0.1", "--port", String(port)];
  const memory = ["--dir", paths.redis, "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"];
  // The last flag keeps the state directory visible in the process list.
  const args = [...network, ...memory, "--daemonize", "no", "--set-proc-title", "no"];
  return {
    name: "redis",
    graceMs: 10_000,
    prepare: async () => mkdirSync(paths.redis, { recursive: true }),
    launch: () => ({ command: servers.redisServer, args, env: process.env }),
    isReady: () =>
      answersOnSocket({ host: "127.0.0.1", port }, "PING\r\n", (bytes) => bytes.toString().startsWith("+PONG")),
    readyTimeoutMs: 20_000,
  };
}
