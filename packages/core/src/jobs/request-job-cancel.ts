import type { Caller } from "../caller";
import { AppError } from "../errors";
import type { Tx } from "../ports/transactions";
import type { JobChange } from "./job";
import type { JobStore } from "./job-store";
import { getOwnJob } from "./read-jobs";

export interface RequestJobCancelInput {
  readonly jobId: string;
  readonly caller: Caller;
  /** Shown as the job's message. */
  readonly reason?: string;
}

export interface RequestedCancel extends JobChange {
  readonly status: "cancelled" | "running";
  /** true = a running attempt stops at its next safe point; false = it is cancelled already. */
  readonly cancelRequested: boolean;
}

/**
 * A pending job is cancelled at once; a running one is asked and stops at its next safe point, at the latest when its first external
 * write is due. Throws `not_found`, and `job_not_cancellable` once it is finished, has committed to an external write, or
 * waits for the outcome of one.
 */
export async function requestJobCancel(
  deps: { readonly jobs: Pick<JobStore, "findByJobId" | "cancelPending" | "requestCancel" | "hasOpenCall"> },
  tx: Tx,
  input: RequestJobCancelInput,
): Promise<RequestedCancel> {
  const { jobId } = await getOwnJob(deps, input);
  if (await deps.jobs.cancelPending(tx, jobId, input.reason)) {
    if (await deps.jobs.hasOpenCall(tx, jobId)) throw new AppError("job_not_cancellable");
    return { jobId, status: "cancelled", cancelRequested: false, wakes: [] };
  }
  // No wake is needed: the process that runs it looks every second.
  if (await deps.jobs.requestCancel(tx, jobId)) return { jobId, status: "running", cancelRequested: true, wakes: [] };
  throw new AppError("job_not_cancellable");
}
