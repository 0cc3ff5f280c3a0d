import type { Caller } from "../caller";
import { AppError } from "../errors";
import { mayReadJob, type Job } from "./job";
import type { JobFilter, JobStore, PageRequest } from "./job-store";

/** Throws `not_found` for a job that does not exist and for somebody else's alike. */
export async function getOwnJob(
  deps: { readonly jobs: Pick<JobStore, "findByJobId"> },
  input: { readonly jobId: string; readonly caller: Caller },
): Promise<Job> {
  const job = await deps.jobs.findByJobId(input.jobId);
  if (job === undefined || !mayReadJob(input.caller, job)) throw new AppError("not_found");
  return job;
}

/** The caller's own jobs, newest first; the operator sees everybody's. */
export async function listOwnJobs(
  deps: { readonly jobs: Pick<JobStore, "list"> },
  input: { readonly caller: Caller; readonly filter: Omit<JobFilter, "owner">; readonly page: PageRequest },
): Promise<readonly Job[]> {
  const { caller, filter, page } = input;
  const seesAll = caller.isAdmin || caller.isOpen;
  return deps.jobs.list(seesAll ? filter : { ...filter, owner: caller.principal }, page);
}
