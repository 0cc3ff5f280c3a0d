import { HeartbeatsQuery, HeartbeatsReply } from "@arkrelay/core/http/status";

import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";

export const heartbeatsRoute = readRoute({
  path: "/heartbeats",
  summary: "Signs of life of every process, newest first",
  auth: ["public"],
  query: HeartbeatsQuery,
  replies: { 200: HeartbeatsReply },
}).handle(async ({ deps, query }) => {
  const { service, limit, cursor } = query;
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "heartbeats",
    filters: { service },
    limit,
    cursor,
    fetch: (count, beforeId) => deps.status.listHeartbeats(service, count, beforeId),
  });
  return {
    status: 200,
    body: {
      heartbeats: rows.map((row) => ({
        id: Number(row.id),
        service_name: row.serviceName,
        is_alive: row.isAlive,
        message: row.message,
        timestamp: row.at.toISOString(),
      })),
      ...page,
    },
  };
});
