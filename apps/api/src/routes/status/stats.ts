import { StatsReply } from "@arkrelay/core/http/status";

import { readRoute } from "../../http/route";
import { daemonFlags, readOutside } from "./probes";
import { readQueueStatus } from "./queue-status";
import { toMetric } from "./system-metrics";

export const statsRoute = readRoute({
  path: "/stats",
  summary: "Numbers since installation",
  auth: ["public"],
  cache: "short",
  replies: { 200: StatsReply },
}).handle(async ({ deps }) => {
  const [jobs, [latest], queueStatus, { daemons }] = await Promise.all([
    deps.jobs.stats(),
    deps.status.listMetrics(1, undefined),
    readQueueStatus(deps),
    readOutside(deps),
  ]);
  const ended = jobs.completed + jobs.failed;
  return {
    status: 200,
    body: {
      jobs: {
        total: jobs.total,
        completed: jobs.completed,
        failed: jobs.failed,
        running: jobs.running,
        success_rate: ended === 0 ? null : (jobs.completed / ended) * 100,
        average_duration_seconds: jobs.averageDurationSeconds ?? null,
      },
      latest_metrics: latest === undefined ? null : toMetric(latest),
      queue_status: queueStatus,
      grpc_services: daemonFlags(daemons),
    },
  };
});
