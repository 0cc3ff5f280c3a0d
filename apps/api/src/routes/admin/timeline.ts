import { AppError } from "@arkrelay/core/errors";
import { SessionTimelineParams, TimelineQuery, TimelineReply } from "@arkrelay/core/http/timeline";
import type { TimelineEntry } from "@arkrelay/core/ports/timeline-store";
import { readTimeline } from "@arkrelay/core/timeline/read-timeline";

import type { ApiDeps } from "../../api-deps";
import { readRoute } from "../../http/route";

export const sessionTimelineRoute = readRoute({
  path: "/admin/sessions/:session_id/timeline",
  summary: "Everything that was done for a session and what it waits for, in order",
  auth: ["admin"],
  params: SessionTimelineParams,
  replies: { 200: TimelineReply },
}).handle(async ({ deps, params }) => {
  if ((await deps.session.sessions.find(params.session_id)) === undefined) throw new AppError("not_found");
  return { status: 200, body: await readBody(deps, params.session_id) };
});

export const timelineRoute = readRoute({
  path: "/admin/timeline",
  summary: "The same for any id: of a session, job, request, transaction, payment or event",
  auth: ["admin"],
  query: TimelineQuery,
  replies: { 200: TimelineReply },
}).handle(async ({ deps, query }) => ({ status: 200, body: await readBody(deps, query.id) }));

async function readBody(deps: ApiDeps, id: string) {
  const timeline = await readTimeline({ clock: deps.clock, timeline: deps.admin.timeline }, id);
  if (timeline === undefined) throw new AppError("not_found");
  const { entries, stuckReason } = timeline;
  return {
    timeline: entries.map(toItem),
    ...(stuckReason !== undefined && { stuck_reason: stuckReason }),
  };
}

function toItem({ at, source, what, ref, durationMs, outcome }: TimelineEntry) {
  return {
    at: at.toISOString(),
    source,
    what,
    ref,
    ...(durationMs !== undefined && { duration_ms: Math.max(0, durationMs) }),
    outcome: outcome ?? null,
  };
}
