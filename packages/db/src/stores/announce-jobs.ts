import { SYSTEM_OWNER } from "@arkrelay/core/jobs/insert-job";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { WebhookOutbox } from "@arkrelay/core/ports/webhook-stores";
import { jobEvent } from "@arkrelay/core/webhook/job-event";
import { ADMIN_OWNER } from "@arkrelay/core/webhook/webhook-event";

import { readText } from "../row";
import { connectionOf } from "../transactions";
import { readJobsById } from "./job-store";
import { placeholders } from "./job-work-tables";

export interface EndedJob {
  readonly id: bigint;
  readonly owner: string;
  readonly type: "job.completed" | "job.failed";
  /** Of the call that made it: many jobs end in one transaction, so the work around it says nothing of each. */
  readonly requestId: string | undefined;
}

/**
 * Announces many jobs that a transaction has ended. Jobs end by the hundred, and hardly ever does anybody listen: one look says for
 * whom the rows are read at all. Our own jobs are nobody's event.
 */
export async function announceJobs(tx: Tx, webhooks: WebhookOutbox, ended: readonly EndedJob[]): Promise<void> {
  const others = ended.filter(({ owner }) => owner !== SYSTEM_OWNER);
  if (others.length === 0) return;
  const owners = [...new Set([ADMIN_OWNER, ...others.map(({ owner }) => owner)])];
  const rows = await connectionOf(tx).selectOnce(
    `SELECT DISTINCT owner FROM webhook_endpoints WHERE status = 'active' AND owner IN (${placeholders(owners)})`,
    owners,
  );
  const listening = new Set(rows.map((row) => readText(row, "owner")));
  const heard = others.filter(({ owner }) => listening.has(ADMIN_OWNER) || listening.has(owner));
  if (heard.length === 0) return;
  const jobs = await readJobsById(
    tx,
    heard.map(({ id }) => id),
  );
  for (const { id, type, requestId } of heard) {
    const job = jobs.find((candidate) => candidate.id === id);
    if (job !== undefined) await webhooks.announce(tx, jobEvent(type, job, requestId));
  }
}
