import { assert } from "@arkrelay/core/errors";
import type { AttemptEnding, AttemptStore, EndOutcome, TakeOutcome } from "@arkrelay/core/jobs/attempt-store";
import { isJobTask, type QueuedTaskName } from "@arkrelay/core/jobs/catalog";

import { Batcher } from "./batcher";

/**
 * Takes and ends attempts one at a time for its callers, and in groups for the database. Only rows of job_logs are grouped: a
 * session or an event is also locked by whoever answers or cancels it, and a group would make all its rows wait for that one.
 */
export class AttemptBatches {
  private readonly takers = new Map<QueuedTaskName, Batcher<string, TakeOutcome>>();
  private readonly ender: Batcher<AttemptEnding, EndOutcome>;

  constructor(private readonly store: Pick<AttemptStore, "take" | "end">) {
    this.ender = new Batcher((ends) => store.end(ends));
  }

  async take(task: QueuedTaskName, rowKey: string): Promise<TakeOutcome> {
    if (!isJobTask(task)) return only(await this.store.take(task, [rowKey]));
    let taker = this.takers.get(task);
    if (taker === undefined) {
      taker = new Batcher((rowKeys) => this.takeGroup(task, rowKeys));
      this.takers.set(task, taker);
    }
    return taker.add(rowKey);
  }

  async end(ending: AttemptEnding): Promise<EndOutcome> {
    if (!isJobTask(ending.attempt.task)) return only(await this.store.end([ending]));
    return this.ender.add(ending);
  }

  /** Two wakes of one row in a group would both see the row as taken: only the first one is, the second is late. */
  private async takeGroup(task: QueuedTaskName, rowKeys: readonly string[]): Promise<readonly TakeOutcome[]> {
    const unique = [...new Set(rowKeys)];
    const outcomes = await this.store.take(task, unique);
    const left = new Map(unique.map((rowKey, index) => [rowKey, outcomes[index]]));
    return rowKeys.map((rowKey) => {
      const outcome = left.get(rowKey);
      left.delete(rowKey);
      return outcome ?? { kind: "dropped" };
    });
  }
}

function only<T>(outcomes: readonly T[]): T {
  const [outcome] = outcomes;
  assert(outcome !== undefined, "one outcome per row");
  return outcome;
}
