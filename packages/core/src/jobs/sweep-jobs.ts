import type { Random } from "../ports/random";
import type { Waker } from "../ports/waker";
import type { StateTable } from "./catalog";
import type { SweepStore } from "./sweep-store";

/**
 * A value that lies in Redis and in the database. Redis without it, or with another one, has lost its memory (FLUSHALL, a restart
 * without append-only file, a fresh server): no wake in it can be trusted to be there.
 */
export interface QueueEpoch {
  readQueue(): Promise<string | undefined>;
  writeQueue(epoch: string): Promise<void>;
  readDatabase(): Promise<string | undefined>;
  writeDatabase(epoch: string): Promise<void>;
}

export interface SweepDeps {
  readonly store: SweepStore;
  /** Its marks are what keeps a row from being woken by every sweep. */
  readonly waker: Waker;
  readonly epoch: QueueEpoch;
  readonly random: Pick<Random, "uuid">;
  readonly tables: readonly StateTable[];
  readonly signal?: AbortSignal;
}

export interface SweepReport {
  readonly queueWasLost: boolean;
  /** Wakes sent: (a) never confirmed, (b) after a lost queue, (c) overdue, (d) after a lost worker. */
  readonly unwoken: number;
  readonly restored: number;
  readonly overdue: number;
  readonly released: number;
  /** Rows given up because their fifth worker was lost. */
  readonly dead: readonly string[];
}

/** Rows per statement and per round: a backlog is worked off over several sweeps, not in one long one. */
const BATCH = 500;

/**
 * flows 8.1, the sweeper: whatever was to run and did not, is woken again. It only looks at rows, so nothing that Redis, a worker
 * or this process forgot is lost. Every wake it sends twice is harmless.
 */
export async function sweepJobs(deps: SweepDeps): Promise<SweepReport> {
  const released = await releaseLapsed(deps);
  const restored = await restoreLostQueue(deps);
  const unwoken = await wakeAll(deps, (table) => deps.store.listUnwoken(table, BATCH));
  const overdue = await wakeAll(deps, (table) => deps.store.takeOverdue(table, BATCH));
  return { ...released, queueWasLost: restored !== undefined, restored: restored ?? 0, unwoken, overdue };
}

async function releaseLapsed(deps: SweepDeps): Promise<Pick<SweepReport, "released" | "dead">> {
  const dead: string[] = [];
  const released = await wakeAll(deps, async (table) => {
    const lost = await deps.store.releaseLapsed(table, BATCH);
    dead.push(...lost.deadRowKeys);
    return lost.wakes;
  });
  return { released, dead };
}

async function wakeAll(
  deps: SweepDeps,
  find: (table: StateTable) => ReturnType<SweepStore["listUnwoken"]>,
): Promise<number> {
  let count = 0;
  for (const table of deps.tables) {
    deps.signal?.throwIfAborted();
    const wakes = await find(table);
    await deps.waker.wake(wakes);
    count += wakes.length;
  }
  return count;
}

/** The number of rows woken, undefined when the queue still has its memory. Throws while Redis is away: then nothing can be said. */
async function restoreLostQueue(deps: SweepDeps): Promise<number | undefined> {
  const [inQueue, inDatabase] = await Promise.all([deps.epoch.readQueue(), deps.epoch.readDatabase()]);
  if (inQueue !== undefined && inQueue === inDatabase) return undefined;
  let count = 0;
  for (const table of deps.tables) count += await wakeRunnable(deps, table);
  // Written last: a sweep that dies halfway is followed by one that wakes everything again.
  const epoch = inDatabase ?? deps.random.uuid();
  if (inDatabase === undefined) await deps.epoch.writeDatabase(epoch);
  await deps.epoch.writeQueue(epoch);
  return count;
}

async function wakeRunnable(deps: SweepDeps, table: StateTable): Promise<number> {
  let count = 0;
  for (let afterId: bigint | undefined = 0n; afterId !== undefined;) {
    deps.signal?.throwIfAborted();
    const page = await deps.store.listRunnable(table, afterId, BATCH);
    await deps.waker.wake(page.wakes);
    count += page.wakes.length;
    afterId = page.nextAfterId;
  }
  return count;
}
