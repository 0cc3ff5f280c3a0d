import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { z } from "zod";

import type { StackInfo } from "./running-stack";

const MAIN = path.resolve(__dirname, "../../examples/solver/dist/main.js");

const poolSchema = z.object({
  pool_id: z.string(),
  asset_id: z.string(),
  solver_id: z.string(),
  reserves: z.record(z.string(), z.int()),
  fee_bps: z.int(),
});
const quoteSchema = z.object({
  pool_id: z.string(),
  solver_id: z.string(),
  in_asset: z.string(),
  in_amount: z.int(),
  out_asset: z.string(),
  out_amount: z.int(),
});
const swapSchema = z.object({
  action_id: z.string(),
  status: z.enum(["waiting", "submitted", "settled", "failed", "refused"]),
  reason: z.string().optional(),
  out_amount: z.int().optional(),
  txid: z.string().optional(),
  confirmation_id: z.string().optional(),
});
const healthSchema = z.object({ status: z.literal("ok"), swaps: z.record(z.string(), z.int()) });

export type Quote = z.infer<typeof quoteSchema>;

/** The example solver as its operator has it: a process over a key and a file, asked over HTTP. */
export interface RunningSolver {
  pool(): Promise<z.infer<typeof poolSchema>>;
  /** Undefined = the pool does not trade that. */
  quote(inAsset: string, inAmount: number): Promise<Quote | undefined>;
  /** Undefined = it has not heard of the order. */
  swap(eventId: string): Promise<z.infer<typeof swapSchema> | undefined>;
  swapCounts(): Promise<Readonly<Record<string, number>>>;
  /** As an operator's kill -9 and a start over the same files. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** What it said, for a test that failed. */
  output(): string;
}

export async function startSolver(stack: StackInfo, secretKey: Uint8Array): Promise<RunningSolver> {
  const folder = await mkdtemp(path.join(tmpdir(), "solver-"));
  const keyFile = path.join(folder, "solver.key");
  const stackFile = path.join(folder, "stack.json");
  await writeFile(keyFile, Buffer.from(secretKey).toString("hex"));
  await writeFile(stackFile, JSON.stringify(stack));
  const stateFile = path.join(folder, "state.json");
  const args = ["run", "--stack", stackFile, "--key", keyFile, "--state", stateFile, "--port", "0"];
  let output = "";
  const launch = () => launchSolver(args, (text) => (output = (output + text).slice(-20_000)));
  let running = launch();
  await running;
  /** Asks again when a restart comes in between; the solver is asked for nothing that would change it. */
  const get = async (route: string): Promise<Response> => {
    const { url } = await running;
    try {
      return await fetch(`${url}${route}`);
    } catch (error) {
      const next = await running;
      if (next.url === url) throw error;
      return fetch(`${next.url}${route}`);
    }
  };
  return {
    pool: async () => poolSchema.parse(await (await get("/pool")).json()),
    quote: async (inAsset, inAmount) => {
      const response = await get(`/quote?in_asset=${inAsset}&in_amount=${inAmount}`);
      return response.ok ? quoteSchema.parse(await response.json()) : undefined;
    },
    swap: async (eventId) => {
      const response = await get(`/swaps/${eventId}`);
      return response.ok ? swapSchema.parse(await response.json()) : undefined;
    },
    swapCounts: async () => healthSchema.parse(await (await get("/health")).json()).swaps,
    restart: async () => {
      const before = await running;
      running = before.end("SIGKILL").then(launch);
      await running;
    },
    stop: async () => {
      await (await running).end("SIGTERM");
      await rm(folder, { recursive: true, force: true });
    },
    output: () => output,
  };
}

async function launchSolver(args: readonly string[], onOutput: (text: string) => void) {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let said = "";
  const url = await new Promise<string>((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      const text = chunk.toString();
      onOutput(text);
      said += text;
      const ready = /^ready (\S+)/m.exec(said)?.[1];
      if (ready !== undefined) resolve(ready);
    };
    child.stdout.on("data", onData);
    child.stderr.on("data", onData);
    child.once("exit", (code) => reject(new Error(`the solver ended with code ${code}: ${said}`)));
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  return { url, end };
}
