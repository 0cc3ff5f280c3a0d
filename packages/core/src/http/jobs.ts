import { z } from "zod";

import { asciiText, count, jsonObject, limit, cursor, opaqueId, page, timestamp } from "./fields";

export const JobStatus = z.enum(["pending", "running", "completed", "failed", "cancelled"]);

const DATA_BYTES_MAX = 64 * 1024;

export const EnqueueDemoInput = z.object({ message: z.string().max(1000).default("Demo job from web") });
export const EnqueueDemoBody = EnqueueDemoInput.meta({ id: "EnqueueDemo" });

export const EnqueueDemoReply = z
  .object({ message: z.string(), job_id: opaqueId, job_status: JobStatus })
  .meta({ id: "EnqueuedDemo" });

export const EnqueueUserProcessBody = z
  .object({
    user_id: z.string().min(1).max(100).default("unknown"),
    action_type: z
      .string()
      .regex(/^[a-z0-9_]{1,40}$/, "must be 1 to 40 of a-z 0-9 _")
      .default("process"),
    data: jsonObject
      .default({})
      .refine(
        (data) => Buffer.byteLength(JSON.stringify(data)) <= DATA_BYTES_MAX,
        "must be at most 65536 bytes of JSON",
      )
      .meta({ description: "At most 64 KiB of JSON." }),
  })
  .meta({ id: "EnqueueUserProcess", example: { user_id: "alice", action_type: "process", data: { amount: 5 } } });

export const EnqueueUserProcessReply = z
  .object({
    message: z.string(),
    job_id: opaqueId,
    user_id: z.string(),
    action_type: z.string(),
    job_status: JobStatus,
  })
  .meta({ id: "EnqueuedUserProcess" });

export const JobParams = z.object({ job_id: opaqueId });

const jobFields = {
  id: z.int(),
  job_id: opaqueId,
  job_type: z.string(),
  queue: z.string(),
  status: JobStatus,
  message: z.string().nullable(),
  attempts: count,
  duration_seconds: z.number().optional(),
  created_at: timestamp,
  updated_at: timestamp,
};

export const JobListQuery = z.object({
  status: JobStatus.optional(),
  type: asciiText(64).optional(),
  limit: limit(10),
  cursor,
});
export const JobListReply = z.object({ jobs: z.array(z.object(jobFields)), ...page }).meta({ id: "JobList" });

export const JobReply = z
  .object({
    ...jobFields,
    result_data: jsonObject.optional(),
    error_code: z.string().optional(),
    error: z.string().optional(),
    max_attempts: count,
    next_run_at: timestamp.optional(),
    dead: z.boolean(),
  })
  .meta({ id: "Job" });

export const CancelJobBody = z.object({ reason: z.string().max(500).optional() }).meta({ id: "CancelJob" });
export const CancelJobReply = z
  .object({ job_id: opaqueId, status: JobStatus, cancel_requested: z.boolean() })
  .meta({ id: "CancelledJob" });

export const RetryJobReply = z
  .object({ job_id: opaqueId, status: z.literal("pending"), attempts: count })
  .meta({ id: "RetriedJob" });

export type JobReply = z.output<typeof JobReply>;
