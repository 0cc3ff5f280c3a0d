import path from "node:path";

import { readJsonFile, removeFile } from "./json-file.mjs";
import { ROOT } from "./paths.mjs";
import { cleanEnvironment } from "./run-command.mjs";
import { answersOk } from "./wait-until.mjs";

/** The metrics and probe listener of each process, by the app's name. */
export const APPS = [
  { name: "api", metricsPort: 8080 },
  { name: "worker", metricsPort: 8081 },
  { name: "scheduler", metricsPort: 8082 },
  { name: "services-runner", metricsPort: 8083 },
];

const APP_GRACE_MS = 40_000;

/** One of our four processes, ready when its own probe says so. */
export function appService({ name, metricsPort, env }) {
  return {
    name,
    graceMs: APP_GRACE_MS,
    readyTimeoutMs: 60_000,
    launch: () => ({
      command: process.execPath,
      args: ["--enable-source-maps", mainOf(name)],
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
