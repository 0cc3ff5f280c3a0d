import { NostrSessionsQuery, NostrSessionsReply } from "@arkrelay/core/http/nostr-control";
import { toSessionItem } from "@arkrelay/core/session/session-item";

import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";

export const nostrSessionsRoute = readRoute({
  path: "/nostr/sessions",
  summary: "Sessions that came by Nostr and are not ended, newest first",
  auth: ["admin"],
  query: NostrSessionsQuery,
  replies: { 200: NostrSessionsReply },
}).handle(async ({ deps, query }) => {
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "nostr-sessions",
    filters: {},
    limit: query.limit,
    cursor: query.cursor,
    fetch: (count, beforeId) => deps.session.sessions.list({ openByNostr: true }, count, beforeId),
  });
  const sessions = rows.map((session) => {
    const { session_id, user_pubkey, session_type, status, context, created_at, expires_at } = toSessionItem(session);
    return { session_id, user_pubkey, session_type, status, context, created_at, expires_at };
  });
  return { status: 200, body: { sessions, ...page } };
});
