import { JobListQuery, JobListReply } from "@arkrelay/core/http/jobs";
import { toJobItem } from "@arkrelay/core/jobs/job-view";
import { listOwnJobs } from "@arkrelay/core/jobs/read-jobs";

import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";

export const listJobsRoute = readRoute({
  path: "/jobs",
  summary: "Your jobs, newest first",
  auth: ["solver"],
  scope: "jobs",
  query: JobListQuery,
  replies: { 200: JobListReply },
}).handle(async ({ deps, caller, query }) => {
  const { status, type: jobType, limit, cursor } = query;
  const filter = { ...(status !== undefined && { status }), ...(jobType !== undefined && { jobType }) };
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "jobs",
    filters: { ...filter, principal: caller.principal },
    limit,
    cursor,
    fetch: (count, beforeId) =>
      listOwnJobs(deps, {
        caller,
        filter,
        page: { limit: count, ...(beforeId !== undefined && { beforeId }) },
      }),
  });
  return { status: 200, body: { jobs: rows.map(toJobItem), ...page } };
});
