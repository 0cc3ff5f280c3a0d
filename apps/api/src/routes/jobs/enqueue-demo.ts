import { EnqueueDemoBody, EnqueueDemoInput, EnqueueDemoReply } from "@arkrelay/core/http/jobs";
import { insertJob } from "@arkrelay/core/jobs/insert-job";
import type { Tx } from "@arkrelay/core/ports/transactions";

import { readRoute, writeRoute, type Env } from "../../http/route";
import { findEndedStatus, jobOrigin } from "./enqueue";

const common = { path: "/enqueue-demo", auth: ["solver"], scope: "jobs" } as const;

export const enqueueDemoRoute = writeRoute({
  ...common,
  method: "POST",
  summary: "Queue a demo job",
  body: EnqueueDemoBody,
  replies: { 200: EnqueueDemoReply, 202: EnqueueDemoReply },
}).handle((input) => enqueue(input, input.tx, input.body.message), {
  look: async ({ deps }, given) => {
    const answer = EnqueueDemoReply.parse(given);
    const status = await findEndedStatus(deps, answer.job_id);
    return status && { status: 200, body: { ...answer, message: "Demo job ended", job_status: status } };
  },
});

/** The one GET that changes state besides reconnect, kept for older clients; production has no such route. */
export const enqueueDemoByGetRoute = readRoute({
  ...common,
  summary: "Queue a demo job (outside production only)",
  query: EnqueueDemoInput,
  replies: { 202: EnqueueDemoReply },
}).handle(async (input) => {
  const answer = await input.deps.transactions.run((tx) => enqueue(input, tx, input.query.message));
  await input.deps.waker.wake(answer.wakes);
  return answer;
});

async function enqueue(env: Env, tx: Tx, message: string) {
  const { jobId, wakes } = await insertJob(env.deps.insertJob, tx, {
    ...jobOrigin(env),
    task: "sample_task",
    payload: { v: 1, message },
  });
  return {
    status: 202 as const,
    body: { message: "Demo job queued", job_id: jobId, job_status: "pending" as const },
    headers: { location: `/jobs/${jobId}` },
    wakes,
  };
}
