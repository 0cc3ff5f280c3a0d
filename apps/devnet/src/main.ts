import { runProcess } from "@arkrelay/runtime/process";

import { parseConfig } from "./config";
import { startDevnet } from "./devnet";

/** Servers close at once; this only bounds a close that hangs. */
const STOP_GRACE_MS = 5_000;

void runProcess("devnet", async (life) => {
  life.stopWithin({ graceMs: STOP_GRACE_MS });
  const config = parseConfig(process.argv.slice(2), process.env);
  const description = await startDevnet(config, (name, close) => life.onStop(name, close));
  process.stdout.write(`${JSON.stringify({ message: "devnet is ready", ...description })}\n`);
});
