import { SystemMetricsQuery, SystemMetricsReply } from "@arkrelay/core/http/status";

import type { ApiDeps } from "../../api-deps";
import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";
import type { MetricRow } from "../../status-sources";

export const systemMetricsRoute = readRoute({
  path: "/metrics/system",
  summary: "Samples of the machine, newest first",
  auth: ["public"],
  query: SystemMetricsQuery,
  replies: { 200: SystemMetricsReply },
}).handle(async ({ deps, query }) => ({ status: 200, body: await readSystemMetrics(deps, query) }));

export async function readSystemMetrics(
  deps: ApiDeps,
  query: { readonly limit: number; readonly cursor?: string | undefined },
) {
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "system-metrics",
    filters: {},
    limit: query.limit,
    cursor: query.cursor,
    fetch: deps.status.listMetrics,
  });
  return { metrics: rows.map((row) => ({ id: Number(row.id), ...toMetric(row) })), ...page };
}

export function toMetric(row: MetricRow) {
  return {
    cpu_percent: row.cpuPercent,
    memory_percent: row.memoryPercent,
    memory_available_mb: row.memoryAvailableMb,
    disk_percent: row.diskPercent,
    disk_free_gb: row.diskFreeGb,
    timestamp: row.at.toISOString(),
  };
}
