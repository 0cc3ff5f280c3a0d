import type { Job } from "../jobs/job";
import { toJobReply } from "../jobs/job-view";
import type { WebhookEvent } from "./webhook-event";

/** A job has ended; its maker hears of it. Cancelled ones were ended by somebody who knows. */
export function jobEvent(type: "job.completed" | "job.failed", job: Job, requestId: string | undefined): WebhookEvent {
  return {
    type,
    objectKey: `job:${job.jobId}`,
    audience: { kind: "principals", principals: [job.owner] },
    requestId,
    dataFor: () => toJobReply(job),
  };
}
