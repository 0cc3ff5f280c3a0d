import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import type { Clock } from "@arkrelay/core/ports/clock";
import type { RetentionTarget } from "@arkrelay/db/stores/retention-store";

import type { TaskHandler } from "../task-handler";

export interface CleanupDeps {
  readonly retention: { deleteBatch(target: RetentionTarget, before: Date, limit: number): Promise<number> };
  readonly clock: Clock;
  /** Days that each kind of row is kept. */
  readonly keep: { readonly metricsDays: number; readonly jobDays: number; readonly eventDays: number };
}

/** One statement never locks more rows than this, so that the work in progress is not held up. */
const BATCH = 1_000;
const DAY_MS = 86_400_000;

/** Deletes what is older than its retention, batch by batch, until nothing is left or the time is up; the next run goes on. */
export function cleanupOldLogsTask(deps: CleanupDeps): TaskHandler<TaskPayload<"cleanup_old_logs">> {
  return async ({ signal }) => {
    const deleted: Record<string, number> = {};
    for (const [target, days] of targetsOf(deps.keep)) {
      const before = new Date(deps.clock.now().getTime() - days * DAY_MS);
      deleted[target] = await deleteAll(deps, target, before, signal);
    }
    const total = Object.values(deleted).reduce((sum, count) => sum + count, 0);
    return { result: { deleted, total_deleted: total }, message: `Deleted ${total} old rows` };
  };
}

function targetsOf({
  metricsDays,
  jobDays,
  eventDays,
}: CleanupDeps["keep"]): readonly (readonly [RetentionTarget, number])[] {
  return [
    ["system_metrics", metricsDays],
    ["heartbeats", metricsDays],
    ["jobs", jobDays],
    ["session_events", eventDays],
    ["nostr_outbox", eventDays],
    ["nostr_raw_events", eventDays],
    ["webhook_deliveries", eventDays],
    // These two carry their own expiry.
    ["nip98_seen", 0],
    ["idempotency_keys", 0],
  ];
}

async function deleteAll(
  deps: CleanupDeps,
  target: RetentionTarget,
  before: Date,
  signal: AbortSignal,
): Promise<number> {
  let total = 0;
  for (;;) {
    signal.throwIfAborted();
    const count = await deps.retention.deleteBatch(target, before, BATCH);
    total += count;
    if (count < BATCH) return total;
  }
}
