import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";

import { benchCeremony } from "./ceremony-bench";
import { benchDaemonCalls } from "./daemon-bench";
import { benchEnqueue } from "./enqueue-bench";
import { benchLightning } from "./lightning-bench";
import { type Options, parseOptions, type Part } from "./options";
import { type Results, toReport } from "./report";
import { benchSchnorr } from "./schnorr-bench";
import { readStack } from "./stack";
import { benchWorker } from "./worker-bench";

/** Worker slots of the stack that scripts/bench.mjs starts; the yardstick gets the same. */
const WORKER_CONCURRENCY = 32;
const SINGLE_PAYMENTS = 30;
const CONCURRENT_PAYERS = 50;
const CONCURRENT_ROUNDS = 3;
const LIGHTNING_ROUNDS = 30;

async function main(options: Options): Promise<void> {
  const results: Results = {};
  if (begins(options, "schnorr")) results.schnorr = benchSchnorr(options.rounds, 1_000);
  if (begins(options, "daemon")) results.daemon = await benchDaemonCalls(options.rounds, 2_000);
  if (begins(options, "ceremony")) {
    const stack = readStack();
    results.ceremony = [
      await benchCeremony(stack, 1, SINGLE_PAYMENTS),
      await benchCeremony(stack, CONCURRENT_PAYERS, CONCURRENT_ROUNDS),
    ];
  }
  if (begins(options, "lightning")) results.lightning = await benchLightning(readStack(), LIGHTNING_ROUNDS);
  // The worker's part drains what the enqueue part leaves behind, which may be much: it comes first.
  if (begins(options, "worker")) {
    results.worker = await benchWorker(readStack(), options.rounds, options.jobs, WORKER_CONCURRENCY);
  }
  if (begins(options, "enqueue")) {
    results.enqueue = await benchEnqueue(readStack(), options.rounds, options.roundMs);
  }
  console.log(`\n${toReport(results)}\n`);
  console.log(`results: ${writeResults(results)}`);
}

function begins({ parts }: Options, part: Part): boolean {
  if (!parts.includes(part)) return false;
  console.error(`measuring: ${part}`);
  return true;
}

function writeResults(results: Results): string {
  const directory = path.join(__dirname, "../results");
  mkdirSync(directory, { recursive: true });
  const at = new Date().toISOString();
  const file = path.join(directory, `${at.replaceAll(/[:.]/g, "-")}.json`);
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, node: process.version };
  writeFileSync(file, `${JSON.stringify({ at, machine, ...results }, null, 2)}\n`);
  return file;
}

main(parseOptions(process.argv.slice(2))).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
