import type { z } from "zod";

import { AppError } from "@arkrelay/core/errors";
import { ReconnectParams, ReconnectReply } from "@arkrelay/core/http/grpc";
import { insertJob } from "@arkrelay/core/jobs/insert-job";
import type { Tx } from "@arkrelay/core/ports/transactions";

import { type Env, readRoute, writeRoute } from "../../http/route";
import { jobOrigin } from "../jobs/enqueue";

const common = {
  path: "/grpc/reconnect/:service",
  summary: "Make every process dial a daemon anew, with its certificate and macaroon read again",
  auth: ["admin"],
  params: ReconnectParams,
  replies: { 202: ReconnectReply },
} as const;

export const reconnectRoute = writeRoute({ ...common, method: "POST" }).handle((input) =>
  request(input, input.tx, input.params),
);

/** Kept for older clients: asking twice only dials twice. */
export const reconnectByGetRoute = readRoute(common).handle(async (input) => {
  const answer = await input.deps.transactions.run((tx) => request(input, tx, input.params));
  await input.deps.waker.wake(answer.wakes);
  return answer;
});

async function request(env: Env, tx: Tx, { service }: z.output<typeof ReconnectParams>) {
  const { daemons, admin, insertJob: insert } = env.deps;
  if (!daemons.names.has(service)) {
    throw new AppError("feature_disabled", { message: `No ${service} is configured.` });
  }
  const restartId = await admin.services.raiseDaemonRestart(tx, service);
  const { jobId, wakes } = await insertJob(insert, tx, {
    ...jobOrigin(env),
    task: "grpc_reconnect",
    payload: { v: 1, service, restartId },
  });
  return {
    status: 202 as const,
    body: { message: "Every process reconnects within 5 s", service, job_id: jobId },
    headers: { location: `/jobs/${jobId}` },
    wakes,
  };
}
