import { NoQuery } from "@arkrelay/core/http/fields";
import { CancelJobBody, CancelJobReply, JobParams } from "@arkrelay/core/http/jobs";
import { requestJobCancel } from "@arkrelay/core/jobs/request-job-cancel";

import { writeRoute } from "../../http/route";

export const cancelJobRoute = writeRoute({
  method: "POST",
  path: "/jobs/:job_id/cancel",
  summary: "Cancel a job, or ask a running one to stop at its next safe point",
  auth: ["solver"],
  scope: "jobs",
  params: JobParams,
  body: CancelJobBody,
  query: NoQuery,
  replies: { 202: CancelJobReply },
}).handle(async ({ deps, tx, caller, params, body }) => {
  const { jobId, status, cancelRequested, wakes } = await requestJobCancel(deps, tx, {
    jobId: params.job_id,
    caller,
    ...(body.reason !== undefined && { reason: body.reason }),
  });
  return {
    status: 202,
    body: { job_id: jobId, status, cancel_requested: cancelRequested },
    headers: { location: `/jobs/${jobId}` },
    wakes,
  };
});
