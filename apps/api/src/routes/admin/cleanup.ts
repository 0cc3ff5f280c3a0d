import { CleanupBody, CleanupReply } from "@arkrelay/core/http/admin";
import { NoQuery } from "@arkrelay/core/http/fields";

import { writeRoute } from "../../http/route";

const DAY_MS = 86_400_000;

export const cleanupRoute = writeRoute({
  method: "POST",
  path: "/admin/maintenance/cleanup",
  summary: "Delete finished jobs, samples and heartbeats older than some days",
  auth: ["admin"],
  body: CleanupBody,
  query: NoQuery,
  replies: { 200: CleanupReply },
}).handle(async ({ deps, body }) => {
  const cutoff = new Date(deps.clock.now().getTime() - body.days * DAY_MS);
  // In transactions of its own: a deletion of a million rows must not hold this one open, and doing it twice is harmless.
  const counts = await (body.dry_run ? deps.admin.cleanup.count(cutoff) : deps.admin.cleanup.run(cutoff));
  return {
    status: 200,
    body: {
      message: body.dry_run ? "Nothing was deleted (dry run)" : "Cleaned up",
      cleanup_stats: {
        old_metrics: counts.metrics,
        old_heartbeats: counts.heartbeats,
        old_jobs: counts.jobs,
        total: counts.metrics + counts.heartbeats + counts.jobs,
        cutoff_date: cutoff.toISOString(),
      },
      dry_run: body.dry_run,
    },
  };
});
