import type { JobStatus } from "@arkrelay/core/jobs/job-state";

import type { ApiDeps } from "../../api-deps";
import type { Env } from "../../http/route";

/** What every job of a caller carries, so that its log lines and rows can be found by the request. */
export function jobOrigin({ caller, request }: Env) {
  return {
    owner: caller.principal,
    requestId: request.requestId,
    ...(request.traceparent !== undefined && { trace: request.traceparent }),
  };
}

const ENDED: ReadonlySet<JobStatus> = new Set(["completed", "failed", "cancelled"]);

/** The job's final status, once it has one. */
export async function findEndedStatus(deps: ApiDeps, jobId: string): Promise<JobStatus | undefined> {
  const job = await deps.jobs.findByJobId(jobId);
  return job !== undefined && ENDED.has(job.status) ? job.status : undefined;
}
