import type { NewSessionEvent, SessionChange } from "../ports/session-stores";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { announceSession, type SessionEventType } from "../webhook/session-events";
import { completedSteps, progressOf, stepOf } from "./progress";
import { isTerminal, type Session } from "./session";
import type { SessionDeps } from "./session-deps";
import { assertMove } from "./session-machine";
import { tellWatcher } from "./tell-watcher";

export type MoveSessionDeps = Pick<SessionDeps, "sessions" | "clock" | "identity" | "outbox" | "peers" | "webhooks">;

interface MoveOptions {
  readonly events?: readonly NewSessionEvent[];
  readonly fence?: string | undefined;
  /** Positions on the way that nothing is done in: each step between them is asked for, nobody sees them. */
  readonly through?: readonly Pick<Session, "status" | "ceremonyState">[];
}

/**
 * The only way a session changes: both machines are asked, the row is compared and set, and whoever watches gets a `status`
 * event (and `done` at the end), a watching wallet a 31502, and at the end webhooks. `fence` is the worker's attempt token; a stale attempt is refused by the database.
 */
export async function moveSession(
  deps: MoveSessionDeps,
  tx: Tx,
  session: Session,
  change: SessionChange,
  options: MoveOptions = {},
): Promise<Session> {
  const last = (options.through ?? []).reduce((from, to) => {
    assertMove(from, to);
    return { ...from, ...to };
  }, session);
  assertMove(last, change);
  const status = change.status ?? session.status;
  const ceremonyState = change.ceremonyState ?? session.ceremonyState;
  const target = { ...session, status, ceremonyState };
  const isMove = status !== session.status || ceremonyState !== session.ceremonyState;
  const currentStep = change.currentStep ?? stepOf(ceremonyState);
  const events: NewSessionEvent[] = [];
  if (isMove) {
    const progress = progressOf(target);
    events.push({
      event: "status",
      data: { status, ceremony_state: ceremonyState, current_step: currentStep, progress },
    });
  }
  events.push(...(options.events ?? []));
  if (isTerminal(target) && !isTerminal(session)) events.push({ event: "done", data: doneData(target, change) });
  const moved = await deps.sessions.move(
    tx,
    session,
    { ...change, currentStep, completedSteps: completedSteps(target) },
    events,
    options.fence,
  );
  if (isMove) await tellWatcher(deps, tx, moved);
  const ended = isTerminal(session) ? undefined : END_EVENTS[status];
  if (ended !== undefined) await announceSession(deps, tx, ended, moved);
  return moved;
}

const END_EVENTS: Readonly<Partial<Record<Session["status"], SessionEventType>>> = {
  completed: "session.completed",
  failed: "session.failed",
  expired: "session.expired",
};

/** The wake of the row as it is now, to be sent after COMMIT. */
export function wakeOf(session: Session, runAt: Date): Wake {
  return { task: ceremonyTaskOf(session), rowKey: session.sessionId, wakeSeq: session.wakeSeq, runAt };
}

/**
 * The task under which a session is woken. The name labels metrics and logs only: both call the same driver, which reads the row again.
 * Of the sessions that are finalised and not through, only renewals are woken.
 */
export function ceremonyTaskOf({ ceremonyState }: Pick<Session, "ceremonyState">): "ceremony_drive" | "renew_pay" {
  return ceremonyState === "finalized" ? "renew_pay" : "ceremony_drive";
}

function doneData(session: Session, change: SessionChange): Record<string, unknown> {
  const txid = change.resultData?.["txid"];
  return {
    status: session.status,
    ...(txid === undefined ? {} : { txid }),
    ...(typeof change.errorCode === "string" ? { error_code: change.errorCode } : {}),
  };
}
