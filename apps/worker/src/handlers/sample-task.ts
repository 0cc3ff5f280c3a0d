import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import type { Clock } from "@arkrelay/core/ports/clock";

import type { TaskHandler } from "../task-handler";

/** The job that shows that jobs work: one line of progress, and its message back. */
export function sampleTask(deps: { readonly clock: Clock }): TaskHandler<TaskPayload<"sample_task">> {
  return ({ payload, progress }) => {
    progress(50, "Halfway through");
    return Promise.resolve({
      result: { message: payload.message, processed_at: deps.clock.now().toISOString() },
      message: "Sample task done",
    });
  };
}
