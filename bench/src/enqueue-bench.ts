import { createConnection } from "mysql2/promise";

import { BARE_TABLE } from "./bare-job";
import { startChild } from "./child-server";
import { type LoadResult, runLoad } from "./load";
import { type Stack, whileFrozen } from "./stack";
import { spreadOf } from "./statistics";

const CONNECTIONS = 10;
/** Enough for the JIT; not counted. */
const WARM_UP_MS = 1_500;

export interface EnqueueResult {
  readonly gateway: readonly LoadResult[];
  readonly bare: readonly LoadResult[];
  /** Of the medians. */
  readonly ratio: number;
}

/** Accepted POST /enqueue-user-process per second, against a bare Express handler with the same INSERT and queue add. */
export async function benchEnqueue(stack: Stack, rounds: number, roundMs: number): Promise<EnqueueResult> {
  await makeBareTable(stack.database_url);
  const bare = await startChild<{ port: number }>("bare-express.ts", {
    DATABASE_URL: stack.database_url,
    REDIS_URL: stack.redis_url,
  });
  const urls = { gateway: `${stack.api_url}/enqueue-user-process`, bare: `http://127.0.0.1:${bare.ready.port}/` };
  const results = { gateway: [] as LoadResult[], bare: [] as LoadResult[] };
  const measure = (side: "gateway" | "bare", durationMs: number) =>
    runLoad({ url: urls[side], body: userProcessBody, connections: CONNECTIONS, durationMs });
  try {
    await whileFrozen(stack, ["worker", "scheduler", "services_runner", "devnet"], async () => {
      for (const side of ["gateway", "bare"] as const) await measure(side, WARM_UP_MS);
      // Interleaved, so that a noisy minute of the machine hits both sides.
      for (let round = 0; round < rounds; round += 1) {
        for (const side of ["gateway", "bare"] as const) results[side].push(await measure(side, roundMs));
      }
    });
  } finally {
    await bare.stop();
  }
  const median = (side: "gateway" | "bare") => spreadOf(results[side].map(({ perSecond }) => perSecond)).median;
  return { ...results, ratio: median("gateway") / median("bare") };
}

let sequence = 0;

function userProcessBody(): string {
  sequence += 1;
  return JSON.stringify({
    user_id: `user-${sequence % 1000}`,
    action_type: "process",
    data: { amounts: [1, 2, 3], note: "bench" },
  });
}

async function makeBareTable(databaseUrl: string): Promise<void> {
  const connection = await createConnection({ uri: databaseUrl });
  await connection.query(`DROP TABLE IF EXISTS ${BARE_TABLE}`);
  await connection.query(`CREATE TABLE ${BARE_TABLE} LIKE job_logs`);
  await connection.end();
}
