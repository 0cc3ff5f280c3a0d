import type { z } from "zod";

import type { JobListReply, JobReply } from "../http/jobs";
import type { Job } from "./job";

type JobItem = z.output<typeof JobListReply>["jobs"][number];

/** A job as lists show it. */
export function toJobItem(job: Job): JobItem {
  return {
    id: Number(job.id),
    job_id: job.jobId,
    job_type: job.jobType,
    queue: job.queue,
    status: job.status,
    message: job.message ?? null,
    attempts: job.attempts,
    ...(job.durationSeconds !== undefined && { duration_seconds: job.durationSeconds }),
    created_at: job.createdAt.toISOString(),
    updated_at: job.updatedAt.toISOString(),
  };
}

/** A job with its outcome, as routes and webhooks show it. */
export function toJobReply(job: Job): JobReply {
  const isOpen = job.status === "pending" || job.status === "running";
  return {
    ...toJobItem(job),
    ...(isRecord(job.resultData) && { result_data: job.resultData }),
    ...(job.errorCode !== undefined && { error_code: job.errorCode }),
    ...(job.error !== undefined && { error: job.error }),
    max_attempts: job.maxAttempts,
    ...(isOpen && { next_run_at: job.runAt.toISOString() }),
    dead: job.deadAt !== undefined,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
