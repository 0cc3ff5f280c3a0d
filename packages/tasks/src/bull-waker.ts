import type { QueueName } from "@arkrelay/core/jobs/catalog";
import type { Wake, Waker } from "@arkrelay/core/ports/waker";

import { queueOf, toWakeMessage } from "./wake-message";
import type { WakeQueues } from "./wake-queues";

export interface BullWakerOptions {
  readonly queues: WakeQueues;
  /** Takes note of what Redis confirmed, later and elsewhere (`WokenMarker.add`). */
  readonly onWoken: (wakes: readonly Wake[]) => void;
  /** For the failure counter and a log line. These rows are found by the sweeper. */
  readonly onLost: (wakes: readonly Wake[], error: unknown) => void;
  readonly budgetMs?: number;
  readonly now?: () => number;
}

/** design 3: the answer to a committed request must not wait for Redis. */
const BUDGET_MS = 250;
/** One MULTI per this many wakes; longer ones would keep the single Redis thread from everybody else. */
const BULK_SIZE = 200;

/** Puts wakes into their queues. Never throws and never takes longer than its budget. */
export class BullWaker implements Waker {
  constructor(private readonly options: BullWakerOptions) {}

  async wake(wakes: readonly Wake[]): Promise<void> {
    if (wakes.length === 0) return;
    const budget = startBudget(this.options.budgetMs ?? BUDGET_MS);
    const sent = chunksByQueue(wakes).map((chunk) => this.send(chunk, budget.expired));
    await Promise.all(sent);
    budget.stop();
  }

  private async send(chunk: Chunk, expired: Promise<never>): Promise<void> {
    try {
      await Promise.race([this.add(chunk), expired]);
      this.options.onWoken(chunk.wakes);
    } catch (error) {
      this.options.onLost(chunk.wakes, error);
    }
  }

  private async add({ queue, wakes }: Chunk): Promise<void> {
    const nowMs = (this.options.now ?? Date.now)();
    const messages = wakes.map((wake) => toWakeMessage(wake, nowMs));
    const [only, ...more] = messages;
    const target = this.options.queues.get(queue);
    // A single add is one script call; a bulk add of one would wrap it into MULTI and EXEC.
    if (only !== undefined && more.length === 0) await target.add(only.name, only.data, only.opts);
    else await target.addBulk(messages);
  }
}

interface Chunk {
  readonly queue: QueueName;
  readonly wakes: readonly Wake[];
}

function chunksByQueue(wakes: readonly Wake[]): readonly Chunk[] {
  const groups = new Map<QueueName, Wake[]>();
  for (const wake of wakes) {
    const queue = queueOf(wake);
    const group = groups.get(queue);
    if (group === undefined) groups.set(queue, [wake]);
    else group.push(wake);
  }
  return [...groups].flatMap(([queue, group]) => chunksOf(queue, group));
}

function chunksOf(queue: QueueName, wakes: readonly Wake[]): readonly Chunk[] {
  const chunks: Chunk[] = [];
  for (let start = 0; start < wakes.length; start += BULK_SIZE)
    chunks.push({ queue, wakes: wakes.slice(start, start + BULK_SIZE) });
  return chunks;
}

function startBudget(budgetMs: number): { readonly expired: Promise<never>; readonly stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis did not confirm within ${budgetMs} ms`)), budgetMs);
  });
  // Nobody may be racing against it any more when it fires.
  expired.catch(() => undefined);
  return { expired, stop: () => clearTimeout(timer) };
}
