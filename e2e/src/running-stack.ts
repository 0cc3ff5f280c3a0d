import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import path from "node:path";

import { z } from "zod";

const ROOT = path.resolve(__dirname, "../..");
/** In the checkout, so that what an interrupted run leaves is found: `npm test` empties this folder. */
const STACKS = path.join(ROOT, ".local/test/stacks");
/** The first start on a machine may have to build the workspace. */
export const START_TIMEOUT_MS = 300_000;

/** What the tests read of stack.json. */
const stackSchema = z.looseObject({
  api_url: z.string(),
  admin_key: z.string(),
  gateway_pubkey: z.string(),
  relay_urls: z.array(z.string()).min(1),
  control_url: z.string(),
  redis_url: z.string(),
  arkd: z.looseObject({ rest: z.string() }),
  pids: z.record(z.string(), z.int()),
});
export type StackInfo = z.infer<typeof stackSchema>;

/** A whole stack of its own, in a state folder of its own, on free ports. */
export interface RunningStack {
  readonly info: StackInfo;
  readonly stateDir: string;
  /** stack.json of this moment: pids change when the supervisor restarts a process. */
  current(): Promise<StackInfo>;
  stop(): Promise<void>;
}

/** Runs `npm start` in its JSON mode and resolves when it is ready. Rejects with its last words when it ends before. */
export async function startStack(
  extra: readonly string[] = [],
  variables: Readonly<Record<string, string>> = {},
): Promise<RunningStack> {
  await mkdir(STACKS, { recursive: true });
  const stateDir = await mkdtemp(path.join(STACKS, "e2e-"));
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...inherited } = process.env;
  const env = { ...inherited, ...variables };
  const args = ["scripts/start.mjs", "--json", "--no-demo", "--state-dir", stateDir, ...extra];
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGINT");
    await ended;
    await rm(stateDir, { recursive: true, force: true });
  };
  try {
    const info = await readReadyLine(child);
    const current = async () =>
      stackSchema.parse(JSON.parse(await readFile(path.join(stateDir, "stack.json"), "utf8")));
    return { info, stateDir, current, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function readReadyLine(child: ChildProcess): Promise<StackInfo> {
  return new Promise((resolve, reject) => {
    let output = "";
    let progress = "";
    child.stderr?.on("data", (chunk: Buffer) => (progress = (progress + chunk.toString()).slice(-4_000)));
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const line = output.split("\n").find((text) => text.startsWith("{") && text.endsWith("}"));
      if (line !== undefined) resolve(stackSchema.parse(JSON.parse(line)));
    });
    child.once("exit", (code) =>
      reject(new Error(`the stack ended with code ${code} before it was ready:\n${progress}`)),
    );
    child.once("error", reject);
  });
}

/** Runs a script of the checkout and returns its exit code and what it printed. */
export function runScript(
  script: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...variables };
    const child = spawn(process.execPath, [path.join(ROOT, script), ...args], { cwd: ROOT, env });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}
