import type { Caller } from "../caller";
import { AppError } from "../errors";
import type { Tx } from "../ports/transactions";
import { TASKS } from "./catalog";
import type { JobChange } from "./job";
import type { JobStore } from "./job-store";
import { getOwnJob } from "./read-jobs";

export interface RetryJobInput {
  readonly jobId: string;
  readonly caller: Caller;
}

/**
 * Re-opens a failed or cancelled job under the same id with a fresh budget of tries. Throws `not_found`, `job_not_retryable`, and
 * `outcome_unknown` while one of its external writes has no known result.
 */
export async function retryJob(
  deps: { readonly jobs: Pick<JobStore, "findByJobId" | "reopen" | "hasOpenCall"> },
  tx: Tx,
  input: RetryJobInput,
): Promise<JobChange & { readonly attempts: number }> {
  const job = await getOwnJob(deps, input);
  const wake = await deps.jobs.reopen(tx, job.jobId, TASKS[job.task].triesMax);
  if (wake === undefined) throw new AppError("job_not_retryable");
  // Looked up under the row's lock: only a running attempt writes calls, and now there can be none.
  if (await deps.jobs.hasOpenCall(tx, job.jobId)) throw new AppError("outcome_unknown");
  return { jobId: job.jobId, attempts: job.attempts, wakes: [wake] };
}
