import { AuditQuery, AuditReply } from "@arkrelay/core/http/admin";

import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";

export const listAuditRoute = readRoute({
  path: "/admin/audit",
  summary: "What operators did, newest first",
  auth: ["admin"],
  query: AuditQuery,
  replies: { 200: AuditReply },
}).handle(async ({ deps, query }) => {
  const { actor, action, limit, cursor } = query;
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "audit",
    filters: { actor, action },
    limit,
    cursor,
    fetch: (count, beforeId) => deps.admin.audit.list({ actor, action }, count, beforeId),
  });
  return {
    status: 200,
    body: {
      entries: rows.map((row) => ({
        id: Number(row.id),
        actor: row.actor,
        action: row.action,
        target: row.target ?? null,
        request_id: row.requestId ?? null,
        ip: row.ip ?? null,
        outcome: row.outcome,
        at: row.at.toISOString(),
      })),
      ...page,
    },
  };
});
