import { assert } from "../errors";
import type { SessionChange } from "../ports/session-stores";
import type { Tx } from "../ports/transactions";
import { moveSession, type MoveSessionDeps } from "../session/move-session";
import type { CeremonyState, Session } from "../session/session";
import type { LightningOperation } from "./lightning-operation";

/** The session of a lift or land, locked: it moves in the transaction of its row, never by itself. */
export async function lockSessionOf(
  deps: Pick<MoveSessionDeps, "sessions">,
  tx: Tx,
  { sessionId }: Pick<LightningOperation, "sessionId">,
): Promise<Session> {
  const session = await deps.sessions.lock(tx, sessionId);
  assert(session !== undefined, `a lift or land has its session ${sessionId}`);
  return session;
}

/** A delivery is a ceremony without a user's signature: its states are gone through in their order, one after the other. */
const DELIVERY: readonly CeremonyState[] = [
  "intent_received",
  "ark_tx_prepared",
  "ark_sigs_collected",
  "submitting",
  "accepted",
  "checkpoint_sigs_collected",
  "finalizing",
  "finalized",
  "published",
];

/** Moves the session forward to `to` through every state between; the last move carries `change`. Nothing when it is there already. */
export async function advanceSession(
  deps: MoveSessionDeps,
  tx: Tx,
  session: Session,
  to: CeremonyState,
  change: SessionChange = {},
): Promise<Session> {
  let moved = session;
  const from = DELIVERY.indexOf(session.ceremonyState);
  for (const ceremonyState of DELIVERY.slice(from + 1, DELIVERY.indexOf(to) + 1)) {
    const isLast = ceremonyState === to;
    moved = await moveSession(deps, tx, moved, { status: "signing", ceremonyState, ...(isLast ? change : {}) });
  }
  return moved;
}
