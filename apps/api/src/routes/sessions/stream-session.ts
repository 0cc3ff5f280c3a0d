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

/** Every event of a session is a row that its transition wrote. */
function sessionSource(deps: ApiDeps, session: Session, snapshot: unknown): StreamSource {
  return {
    snapshot: () => snapshot,
    look: async (afterSeq) => {
      // The row first: events that its end wrote are then there when the end is seen.
      const now = await deps.session.sessions.find(session.sessionId);
      const events = await deps.session.sessions.listEvents(session.id, afterSeq, EVENTS_PER_LOOK);
      return { events, isOver: now === undefined || (isTerminal(now) && events.length < EVENTS_PER_LOOK) };
    },
  };
}
