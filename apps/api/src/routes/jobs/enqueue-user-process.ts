import { EnqueueUserProcessBody, EnqueueUserProcessReply } from "@arkrelay/core/http/jobs";
import { insertJob } from "@arkrelay/core/jobs/insert-job";

import { writeRoute } from "../../http/route";
import { findEndedStatus, jobOrigin } from "./enqueue";

export const enqueueUserProcessRoute = writeRoute({
  method: "POST",
  path: "/enqueue-user-process",
  summary: "Queue background processing of a user's data",
  auth: ["solver"],
  scope: "jobs",
  body: EnqueueUserProcessBody,
  replies: { 200: EnqueueUserProcessReply, 202: EnqueueUserProcessReply },
}).handle(
  async (input) => {
    const { deps, tx, body } = input;
    const { jobId, wakes } = await insertJob(deps.insertJob, tx, {
      ...jobOrigin(input),
      task: "process_user_data",
      jobType: `user_${body.action_type}`,
      payload: { v: 1, userId: body.user_id, actionType: body.action_type, data: body.data },
    });
    return {
      status: 202,
      body: {
        message: "User process queued",
        job_id: jobId,
        user_id: body.user_id,
        action_type: body.action_type,
        job_status: "pending",
      },
      headers: { location: `/jobs/${jobId}` },
      wakes,
    };
  },
  {
    look: async ({ deps }, given) => {
      const answer = EnqueueUserProcessReply.parse(given);
      const status = await findEndedStatus(deps, answer.job_id);
      if (status === undefined) return undefined;
      return { status: 200, body: { ...answer, message: "User process ended", job_status: status } };
    },
  },
);
