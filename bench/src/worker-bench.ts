import { setTimeout as sleep } from "node:timers/promises";

import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { createConnection, type Connection, type RowDataPacket } from "mysql2/promise";

import { BARE_QUEUE, bareQueueOptions } from "./bare-job";
import { nextMessage, startChild } from "./child-server";
import { runLoad } from "./load";
import { type Stack, whileFrozen } from "./stack";
import { spreadOf } from "./statistics";

const DRAIN_TIMEOUT_MS = 180_000;

export interface WorkerResult {
  readonly concurrency: number;
  readonly jobsPerRound: number;
  readonly gatewayPerSecond: readonly number[];
  readonly barePerSecond: readonly number[];
  readonly failed: number;
  readonly ratio: number;
}

/** sample_task jobs per second through our worker (durable rows, fenced attempts), against no-op jobs through bare BullMQ. */
export async function benchWorker(
  stack: Stack,
  rounds: number,
  jobs: number,
  concurrency: number,
): Promise<WorkerResult> {
  const connection = await createConnection({ uri: stack.database_url });
  const result = { gatewayPerSecond: [] as number[], barePerSecond: [] as number[], failed: 0 };
  try {
    await drainOpenJobs(connection);
    for (let round = 0; round < rounds; round += 1) {
      result.gatewayPerSecond.push(await measureGateway(stack, connection, jobs));
      result.barePerSecond.push(
        await whileFrozen(stack, GATEWAY_PROCESSES, () => measureBare(stack.redis_url, jobs, concurrency)),
      );
    }
    result.failed = await countJobs(connection, "status = 'failed'");
  } finally {
    await connection.end();
  }
  const ratio = spreadOf(result.gatewayPerSecond).median / spreadOf(result.barePerSecond).median;
  return { concurrency, jobsPerRound: jobs, ...result, ratio };
}

const GATEWAY_PROCESSES = ["worker", "scheduler", "services_runner", "devnet", "api"];

/** Jobs are accepted while the worker is frozen; the clock runs from its thaw until the last row is completed. */
async function measureGateway(stack: Stack, connection: Connection, jobs: number): Promise<number> {
  await whileFrozen(stack, ["worker", "scheduler"], async () => {
    const url = `${stack.api_url}/enqueue-demo`;
    const { failed } = await runLoad({ url, body: () => '{"message":"bench"}', connections: 10, calls: jobs });
    if (failed > 0) throw new Error(`${failed} of ${jobs} jobs were not accepted`);
  });
  // The yardstick has the machine to itself, so the worker gets it too.
  return whileFrozen(
    stack,
    GATEWAY_PROCESSES.filter((name) => name !== "worker"),
    async () => {
      const startedAt = performance.now();
      await drainOpenJobs(connection);
      return jobs / ((performance.now() - startedAt) / 1000);
    },
  );
}

async function drainOpenJobs(connection: Connection): Promise<void> {
  const deadline = performance.now() + DRAIN_TIMEOUT_MS;
  while (await hasOpenJobs(connection)) {
    if (performance.now() > deadline) throw new Error(`jobs are not done after ${DRAIN_TIMEOUT_MS / 1000} s`);
    await sleep(20);
  }
}

/** Finds the first open row and stops there: counting them all would be work that the worker is charged for. */
async function hasOpenJobs(connection: Connection): Promise<boolean> {
  const [rows] = await connection.query<RowDataPacket[]>(
    "SELECT 1 FROM job_logs WHERE status IN ('pending', 'running') AND queue = 'default' LIMIT 1",
  );
  return rows.length > 0;
}

async function countJobs(connection: Connection, condition: string): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM job_logs WHERE ${condition}`);
  return Number(rows[0]?.["n"]);
}

async function measureBare(redisUrl: string, jobs: number, concurrency: number): Promise<number> {
  await addBareJobs(redisUrl, jobs);
  const worker = await startChild<string>("bare-worker.ts", {
    REDIS_URL: redisUrl,
    EXPECTED: String(jobs),
    CONCURRENCY: String(concurrency),
  });
  const done = nextMessage(worker.child);
  const startedAt = performance.now();
  worker.child.send("go");
  await done;
  const seconds = (performance.now() - startedAt) / 1000;
  await worker.stop();
  return jobs / seconds;
}

async function addBareJobs(redisUrl: string, jobs: number): Promise<void> {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue(BARE_QUEUE, { connection, ...bareQueueOptions });
  await queue.obliterate({ force: true });
  await queue.addBulk(Array.from({ length: jobs }, () => ({ name: "job", data: {} })));
  await queue.close();
  connection.disconnect();
}
