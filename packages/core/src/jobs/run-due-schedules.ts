import type { Transactions } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { insertJob, SYSTEM_OWNER, type InsertJobDeps } from "./insert-job";
import { slotOf, type Schedule } from "./schedules";

export interface ScheduleDeps extends InsertJobDeps {
  readonly transactions: Transactions;
  /** Whether an operator has wished a service stopped. */
  readonly isStopped: (service: string) => Promise<boolean>;
}

export interface DueSchedules {
  readonly wakes: readonly Wake[];
  /** Slot handled per schedule: pass it in again, so that a slot is tried once and not every second. */
  readonly handled: ReadonlyMap<string, number>;
}

/**
 * Inserts one job per schedule whose current slot has none yet. The dedupe key makes it harmless to run this in two processes, or
 * again after a restart; slots that passed while nobody ran collapse into the current one. The caller wakes.
 */
export async function runDueSchedules(
  deps: ScheduleDeps,
  schedules: readonly Schedule[],
  options: { readonly handled: ReadonlyMap<string, number>; readonly periodScale: number },
): Promise<DueSchedules> {
  const handled = new Map(options.handled);
  const wakes: Wake[] = [];
  for (const schedule of schedules) {
    const scale = 1000 * options.periodScale;
    const { everySeconds, offsetSeconds = 0 } = schedule;
    const slot = slotOf(everySeconds * scale, deps.clock.now(), offsetSeconds * scale);
    if (handled.get(schedule.name) === slot) continue;
    if (schedule.service !== undefined && (await deps.isStopped(schedule.service))) {
      handled.set(schedule.name, slot);
      continue;
    }
    const change = await deps.transactions.run((tx) =>
      insertJob(deps, tx, {
        task: schedule.task,
        payload: { v: 1 },
        owner: SYSTEM_OWNER,
        dedupeKey: `schedule:${schedule.name}:${slot}`,
      }),
    );
    wakes.push(...change.wakes);
    handled.set(schedule.name, slot);
  }
  return { wakes, handled };
}
