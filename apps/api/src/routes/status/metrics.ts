import { SystemMetricsQuery } from "@arkrelay/core/http/status";

import { streamRoute } from "../../http/route";
import { readSystemMetrics } from "./system-metrics";

export const metricsRoute = streamRoute({
  path: "/metrics",
  summary: "Prometheus text; with `Accept: application/json` the body of /metrics/system",
  auth: ["public"],
  produces: "text/plain",
  query: SystemMetricsQuery,
  handle: async ({ deps, request, query }, res) => {
    if (request.header("accept")?.includes("application/json") === true) {
      const body = { ...(await readSystemMetrics(deps, query)), timestamp: deps.clock.now().toISOString() };
      res.set("cache-control", "no-store").json(body);
      return;
    }
    const { registry } = deps.metrics;
    const text = await registry.metrics();
    res.set({ "content-type": registry.contentType, "cache-control": "no-store" }).end(text);
  },
});
