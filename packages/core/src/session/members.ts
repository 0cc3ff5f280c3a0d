import type { NewSessionEvent, SessionChange } from "../ports/session-stores";
import type { SwapBatchChange } from "../ports/swap-batch-store";
import type { Tx } from "../ports/transactions";
import { batchStatusOf, SWAP_BATCH_TRANSITIONS } from "../swap/swap-batch";
import { moveSession, type MoveSessionDeps } from "./move-session";
import type { Session } from "./session";
import type { SessionDeps } from "./session-deps";

/** The sessions that one ceremony moves: its head, which a worker drives, and those that follow it. Most have no followers. */
export type Members = readonly [head: Session, ...followers: Session[]];

export function hasFollowers({ sessionType }: Pick<Session, "sessionType">): boolean {
  return sessionType === "atomic_swap";
}

/** All members of a head's ceremony in the order of their inputs, only read. */
export async function readMembers(
  deps: { readonly sessions: Pick<SessionDeps["sessions"], "listFollowers"> },
  head: Session,
): Promise<Members> {
  return hasFollowers(head) ? [head, ...(await deps.sessions.listFollowers(head.id))] : [head];
}

/**
 * Locks a session in the order in which ceremonies move theirs: a follower's head comes first. Returns both, which are the same for a
 * session that drives its own ceremony.
 */
export async function lockInOrder(
  deps: Pick<SessionDeps, "sessions">,
  tx: Tx,
  sessionId: string,
): Promise<{ readonly session: Session; readonly head: Session } | undefined> {
  const headId = (await deps.sessions.find(sessionId))?.headId;
  const head = headId === undefined ? undefined : await deps.sessions.lockHead(tx, headId);
  const session = await deps.sessions.lock(tx, sessionId);
  return session && { session, head: head ?? session };
}

export interface MoveMembers {
  readonly fence?: string | undefined;
  /** What those who watch a member are told besides the move. */
  readonly eventsOf?: (member: Session) => readonly NewSessionEvent[];
  /** Why a batch fails. */
  readonly batch?: Pick<SwapBatchChange, "errorCode" | "isUnanswered">;
}

/**
 * One step of a ceremony for all its members: the head by compare-and-set, which is the transaction's first statement, then its
 * followers under their locks, and the batch with them. What only the driver needs stays at the head.
 */
export async function moveMembers(
  deps: MoveSessionDeps & Pick<SessionDeps, "swapBatches">,
  tx: Tx,
  head: Session,
  change: SessionChange,
  { fence, eventsOf, batch }: MoveMembers = {},
): Promise<Members> {
  const moved = await moveSession(deps, tx, head, change, { fence, events: eventsOf?.(head) ?? [] });
  if (!hasFollowers(head)) return [moved];
  const { submitState: _submitState, wakeAt: _wakeAt, ...shared } = change;
  const followers: Session[] = [];
  for (const follower of await deps.sessions.lockFollowers(tx, head.id)) {
    followers.push(await moveSession(deps, tx, follower, shared, { events: eventsOf?.(follower) ?? [] }));
  }
  const from = batchStatusOf(head.ceremonyState);
  const status = batchStatusOf(moved.ceremonyState);
  const isEnd = SWAP_BATCH_TRANSITIONS[status].length === 0;
  if (from !== status) {
    await deps.swapBatches.move(tx, head.id, from, { ...batch, status, ...(isEnd && { endedAt: deps.clock.now() }) });
  }
  return [moved, ...followers];
}

/** The same when only the head matters afterwards; all members' watchers are told of the events. */
export async function moveCeremony(
  deps: MoveSessionDeps & Pick<SessionDeps, "swapBatches">,
  tx: Tx,
  head: Session,
  change: SessionChange,
  { fence, events = [] }: { readonly fence: string; readonly events?: readonly NewSessionEvent[] },
): Promise<Session> {
  const [moved] = await moveMembers(deps, tx, head, change, { fence, eventsOf: () => events });
  return moved;
}
