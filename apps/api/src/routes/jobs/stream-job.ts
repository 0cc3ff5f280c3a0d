import { JobParams } from "@arkrelay/core/http/jobs";
import type { Job } from "@arkrelay/core/jobs/job";
import { toJobReply } from "@arkrelay/core/jobs/job-view";
import { getOwnJob } from "@arkrelay/core/jobs/read-jobs";

import type { ApiDeps } from "../../api-deps";
import type { StreamEvent, StreamSource } from "../../http/event-streams";
import { streamRoute } from "../../http/route";

export const streamJobRoute = streamRoute({
  path: "/jobs/:job_id/events",
  summary: "A job's progress as server-sent events",
  auth: ["solver", "owner"],
  scope: "jobs",
  params: JobParams,
  produces: "text/event-stream",
  handle: async ({ deps, caller, params, request }, res) => {
    const job = await getOwnJob(deps, { jobId: params.job_id, caller });
    deps.streams.open(res, caller.principal, request.header("last-event-id"), jobSource(deps, job));
  },
});

const EVENTS_PER_LOOK = 100;

/**
 * Progress lines are rows with a sequence of their own; status and end are read from the job's row. Their ids keep the
 * sequence they stand at, so that a resumed stream repeats no progress line and misses none.
 */
function jobSource(deps: ApiDeps, job: Job): StreamSource {
  let last: Pick<Job, "status" | "attempts"> = job;
  return {
    watched: { kind: "jobs", id: job.jobId },
    // Progress is no part of the snapshot, so a new stream starts with the first line.
    snapshot: { seq: 0, data: toJobReply(job) },
    look: async (afterSeq) => {
      // The row first: lines that were written before its end are then there when the end is seen.
      const now = (await deps.jobs.findByJobId(job.jobId)) ?? job;
      const rows = await deps.jobs.listEvents(job.jobId, afterSeq, EVENTS_PER_LOOK);
      const lastSeq = rows.at(-1)?.seq ?? afterSeq;
      const events: StreamEvent[] = rows.map((row) => ({ seq: row.seq, event: row.event, data: row.data }));
      if (last.status !== now.status || last.attempts !== now.attempts) {
        events.push({ seq: lastSeq, event: "status", data: { status: now.status, attempts: now.attempts } });
      }
      last = now;
      const hasMore = rows.length === EVENTS_PER_LOOK;
      const isOver = !hasMore && now.status !== "pending" && now.status !== "running";
      if (isOver) events.push({ seq: lastSeq, event: "done", data: doneOf(now) });
      return { events, lastSeq, hasMore, isOver };
    },
  };
}

function doneOf(job: Job) {
  const { status, result_data, error_code } = toJobReply(job);
  return { status, ...(result_data && { result_data }), ...(error_code && { error_code }) };
}
