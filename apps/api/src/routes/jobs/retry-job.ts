import { JobParams, RetryJobReply } from "@arkrelay/core/http/jobs";
import { retryJob } from "@arkrelay/core/jobs/retry-job";

import { writeRoute } from "../../http/route";

export const retryJobRoute = writeRoute({
  method: "POST",
  path: "/jobs/:job_id/retry",
  summary: "Run a failed or cancelled job again",
  auth: ["solver"],
  scope: "jobs",
  params: JobParams,
  replies: { 202: RetryJobReply },
}).handle(async ({ deps, tx, caller, params }) => {
  const { jobId, attempts, wakes } = await retryJob(deps, tx, { jobId: params.job_id, caller });
  return {
    status: 202,
    body: { job_id: jobId, status: "pending", attempts },
    headers: { location: `/jobs/${jobId}` },
    wakes,
  };
});
