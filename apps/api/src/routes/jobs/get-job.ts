import { JobParams, JobReply } from "@arkrelay/core/http/jobs";
import { toJobReply } from "@arkrelay/core/jobs/job-view";
import { getOwnJob } from "@arkrelay/core/jobs/read-jobs";

import { readRoute } from "../../http/route";

export const getJobRoute = readRoute({
  path: "/jobs/:job_id",
  summary: "A job and its outcome",
  auth: ["solver", "owner"],
  scope: "jobs",
  params: JobParams,
  replies: { 200: JobReply },
}).handle(async ({ deps, caller, params }) => ({
  status: 200,
  body: toJobReply(await getOwnJob(deps, { jobId: params.job_id, caller })),
}));
