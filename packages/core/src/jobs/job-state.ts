export const JOB_STATUSES = ["pending", "running", "completed", "failed", "cancelled"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/**
 * What can happen to a job. `refuse` = it never ran (its payload no longer parses, or the lost-attempt limit);
 * `retry`, `hand_back` and `lose` put a running job back; `reopen` is the manual retry.
 */
export const JOB_EVENTS = [
  "take",
  "complete",
  "fail",
  "cancel",
  "retry",
  "hand_back",
  "lose",
  "refuse",
  "reopen",
] as const;
export type JobEvent = (typeof JOB_EVENTS)[number];

const TRANSITIONS: Readonly<Record<JobStatus, Readonly<Partial<Record<JobEvent, JobStatus>>>>> = {
  pending: { take: "running", cancel: "cancelled", refuse: "failed" },
  running: {
    complete: "completed",
    fail: "failed",
    cancel: "cancelled",
    retry: "pending",
    hand_back: "pending",
    lose: "pending",
    refuse: "failed",
  },
  completed: {},
  failed: { reopen: "pending" },
  cancelled: { reopen: "pending" },
};

/** The state after an event, undefined when the state forbids it. The stores' compare-and-set statements follow this table. */
export function nextJobStatus(status: JobStatus, event: JobEvent): JobStatus | undefined {
  return TRANSITIONS[status][event];
}

export function isFinished(status: JobStatus): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}
