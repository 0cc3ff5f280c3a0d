import type { Caller } from "@arkrelay/core/caller";
import { SessionListQuery, SessionListReply } from "@arkrelay/core/http/sessions";
import type { SessionFilter } from "@arkrelay/core/ports/session-stores";
import { SESSION_TYPES, type SessionType } from "@arkrelay/core/session/session";
import { toSessionItem } from "@arkrelay/core/session/session-item";

import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";

export const listSessionsRoute = readRoute({
  path: "/sessions",
  summary: "Your sessions, newest first",
  auth: ["owner", "solver"],
  scope: "sessions",
  query: SessionListQuery,
  replies: { 200: SessionListReply },
}).handle(async ({ deps, caller, query }) => {
  const { user_pubkey: userPubkey, status, session_type: sessionType } = query;
  const filter: SessionFilter = {
    ...visibleTo(caller),
    ...(userPubkey !== undefined && { userPubkey }),
    ...(status !== undefined && { status }),
    ...(isExecutable(sessionType) && { sessionType }),
  };
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "sessions",
    filters: { principal: caller.principal, userPubkey, status, sessionType },
    limit: query.limit,
    cursor: query.cursor,
    // A type this gateway does not execute has no sessions.
    fetch: async (count, beforeId) =>
      sessionType === undefined || isExecutable(sessionType) ? deps.session.sessions.list(filter, count, beforeId) : [],
  });
  return {
    status: 200,
    body: {
      sessions: rows.map(toSessionItem),
      filters: { user_pubkey: userPubkey ?? null, status: status ?? null },
      ...page,
    },
  };
});

/** The open principal stands for every owner, so it sees all; others what they own or have made. */
function visibleTo(caller: Caller): SessionFilter {
  if (caller.isAdmin || caller.isOpen) return {};
  if (!caller.isSolver && caller.pubkey !== undefined) return { userPubkey: caller.pubkey };
  return { visibleTo: { pubkey: caller.pubkey, principal: caller.principal } };
}

function isExecutable(type: string | undefined): type is SessionType {
  return SESSION_TYPES.some((known) => known === type);
}
