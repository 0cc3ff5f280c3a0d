import path from "node:path";

import { readJsonFile, removeFile } from "./json-file.mjs";
import { ROOT } from "./paths.mjs";
import { cleanEnvironment } from "./run-command.mjs";
import { answersOk } from "./wait-until.mjs";

/** The metrics and probe listener of each process, by the app's name. */
const APPS = [
  { app: "api", metricsPort: 8080 },
  { app: "worker", metricsPort: 8081 },
  { app: "scheduler", metricsPort: 8082 },
  { app: "services-runner", metricsPort: 8083 },
];
/** Of the second process of an app; the others take the next free ones. */
const FIRST_REPLICA_PORT = 8084;

/**
 * The processes of a stack: one of each app, and more of those that `replicas` names. The first goes by the app's name, the second is
 * `worker-2`.
 */
export function listProcesses({ replicas = {} }) {
  return APPS.flatMap(({ app, metricsPort }) =>
    Array.from({ length: replicas[app] ?? 1 }, (_one, index) =>
      index === 0
        ? { name: app, app, metricsPort }
        : { name: `${app}-${index + 1}`, app, metricsPort: FIRST_REPLICA_PORT },
    ),
  );
}

const APP_GRACE_MS = 40_000;

/** One of our processes, ready when its own probe says so. */
export function appService({ name, app, metricsPort, env }) {
  return {
    name,
    graceMs: APP_GRACE_MS,
    readyTimeoutMs: 60_000,
    launch: () => ({
      command: process.execPath,
      args: ["--enable-source-maps", mainOf(app)],
      env: { ...env, METRICS_PORT: String(metricsPort) },
    }),
    isReady: () => answersOk(`http://127.0.0.1:${metricsPort}/ready`),
  };
}

/** The daemon and relay simulators. They write `devnet.json` when they serve; its ports stay the same over a restart. */
export function devnetService({ paths, ports }) {
  const flags = Object.entries(ports).flatMap(([flag, port]) => [`--${flag}`, String(port)]);
  return {
    name: "devnet",
    graceMs: 15_000,
    readyTimeoutMs: 60_000,
    launch: () => {
      removeFile(paths.devnetFile);
      const args = ["--enable-source-maps", mainOf("devnet"), "--state-dir", paths.devnet, ...flags];
      return { command: process.execPath, args, env: cleanEnvironment({ NODE_ENV: "development" }) };
    },
    isReady: async () => readJsonFile(paths.devnetFile)?.control_url !== undefined,
  };
}

function mainOf(app) {
  return path.join(ROOT, "apps", app, "dist/main.js");
}
