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
  const types = new Map(heard.map(({ id, type }) => [id, type]));
  const jobs = await readJobsById(tx, [...types.keys()]);
  for (const job of jobs) await webhooks.announce(tx, jobEvent(types.get(job.id) ?? "job.failed", job));
}
