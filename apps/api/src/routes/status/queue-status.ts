import type { z } from "zod";

import { QueueStatusReply, type QueueStatus } from "@arkrelay/core/http/status";

import type { ApiDeps } from "../../api-deps";
import { readRoute } from "../../http/route";

export const queueStatusRoute = readRoute({
  path: "/queue-status",
  summary: "What waits in the queues",
  auth: ["public"],
  replies: { 200: QueueStatusReply },
}).handle(async ({ deps }) => ({ status: 200, body: await readQueueStatus(deps) }));

/** Throws `queue_unavailable`: here the queue itself is the question. */
export async function readQueueStatus(deps: ApiDeps): Promise<z.output<typeof QueueStatus>> {
  const [queues, rows] = await Promise.all([deps.status.readQueues(), deps.jobs.listQueueRows()]);
  const rowsOf = new Map(rows.map((row) => [row.queue, row]));
  return {
    queued_jobs: sum(queues.map(({ waiting, active }) => waiting + active)),
    scheduled_jobs: sum(queues.map(({ delayed }) => delayed)),
    worker_count: Math.max(0, ...queues.map(({ workers }) => workers)),
    queues: queues.map(({ name, waiting, active, delayed }) => ({
      name,
      waiting,
      active,
      delayed,
      failed: rowsOf.get(name)?.failed ?? 0,
      oldest_seconds: rowsOf.get(name)?.oldestSeconds ?? 0,
    })),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
