import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import path from "node:path";

import { z } from "zod";

import { eventually } from "./eventually";

const ROOT = path.resolve(__dirname, "../..");
const MAIN = path.join(ROOT, "apps/devnet/dist/main.js");
const STACKS = path.join(ROOT, ".local/test/stacks");
const ANY_PORTS = ["control", "arkd", "arkd-admin", "lnd", "tapd", "relay"].flatMap((name) => [`--${name}-port`, "0"]);

/** The relay of a second devnet, of which nothing else is used: a relay that shares nothing with the stack's own. */
export async function startSecondRelay(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  await mkdir(STACKS, { recursive: true });
  const stateDir = await mkdtemp(path.join(STACKS, "relay-"));
  const child = spawn(process.execPath, [MAIN, "--state-dir", stateDir, ...ANY_PORTS], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
    await rm(stateDir, { recursive: true, force: true });
  };
  try {
    const url = await eventually(async () => {
      const text = await readFile(path.join(stateDir, "devnet.json"), "utf8");
      return z.looseObject({ relay_url: z.string() }).parse(JSON.parse(text)).relay_url;
    }, 60_000);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
