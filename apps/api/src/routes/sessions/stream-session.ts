import { SessionParams } from "@arkrelay/core/http/sessions";
import { isTerminal, type Session } from "@arkrelay/core/session/session";

import type { ApiDeps } from "../../api-deps";
import type { StreamSource } from "../../http/event-streams";
import { streamRoute } from "../../http/route";
import { readCeremonyStatus } from "../ceremony/ceremony-view";
import { getReadableSession } from "./session-view";

export const streamSessionRoute = streamRoute({
  path: "/sessions/:session_id/events",
  summary: "A session's progress as server-sent events",
  auth: ["owner", "solver"],
  scope: "sessions",
  params: SessionParams,
  produces: "text/event-stream",
  handle: async ({ deps, caller, params, request }, res) => {
    const session = await getReadableSession(deps, caller, params.session_id);
    const snapshot = await readCeremonyStatus(deps, session);
    deps.streams.open(res, caller.principal, request.header("last-event-id"), sessionSource(deps, session, snapshot));
  },
});

const EVENTS_PER_LOOK = 100;

/** What watchers are told; the rows also hold lines for the operator's timeline. */
const TOLD: ReadonlySet<string> = new Set(["status", "challenge", "payment", "done"]);

/** Every event of a session is a row that its transition wrote. A new stream starts where the snapshot stands. */
function sessionSource(deps: ApiDeps, session: Session, snapshot: unknown): StreamSource {
  return {
    watched: { kind: "sessions", id: session.sessionId },
    snapshot: { seq: session.eventSeq, data: snapshot },
    look: async (afterSeq) => {
      // The row first: events that its end wrote are then there when the end is seen.
      const now = await deps.session.sessions.find(session.sessionId);
      const rows = await deps.session.sessions.listEvents(session.id, afterSeq, EVENTS_PER_LOOK);
      const hasMore = rows.length === EVENTS_PER_LOOK;
      const isOver = now === undefined || (isTerminal(now) && !hasMore);
      const events = rows.filter(({ event }) => TOLD.has(event));
      // A stream that is opened behind the end is told of it too.
      if (isOver && now !== undefined && !events.some(({ event }) => event === "done")) events.push(endOf(now));
      return { events, lastSeq: rows.at(-1)?.seq ?? afterSeq, hasMore, isOver };
    },
  };
}

function endOf(session: Session) {
  const txid = session.resultData?.["txid"];
  const data = {
    status: session.status,
    ...(txid !== undefined && { txid }),
    ...(session.errorCode !== undefined && { error_code: session.errorCode }),
  };
  return { seq: session.eventSeq, event: "done", data, at: session.updatedAt };
}
