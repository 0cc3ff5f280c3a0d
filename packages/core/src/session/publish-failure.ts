import type { AppError } from "../errors";
import { failureContent, failureTemplate, nextCreatedAt, signPrivateEvent } from "../nostr/build-events";
import { FAILURE_KIND } from "../nostr/kinds";
import { namespacedActionId } from "../nostr/result-id";
import type { Tx } from "../ports/transactions";
import type { Session } from "./session";
import type { SessionDeps } from "./session-deps";

export interface FailureNotice {
  readonly authorPubkey: string;
  readonly actionId: string;
  readonly refId: string;
  readonly intentEventId: string | undefined;
  /** Record the outcome, publish nothing: the session never used Nostr, or the author is a stranger over budget. */
  readonly silent: boolean;
  readonly error: AppError;
}

/** Writes the outcome of an action once, and its 31341. Says nothing when the action has an outcome already. */
export async function publishFailure(deps: SessionDeps, tx: Tx, notice: FailureNotice): Promise<void> {
  const event = notice.silent ? undefined : await failureEvent(deps, tx, notice);
  const recorded = await deps.results.insert(tx, {
    authorPubkey: notice.authorPubkey,
    refId: notice.refId,
    kind: FAILURE_KIND,
    eventId: event?.id,
  });
  if (recorded && event !== undefined) await deps.outbox.insert(tx, event, notice.refId);
}

/** A notice that is not the action's outcome: a reused action_id (1004), whose first result stands. */
export async function publishNotice(deps: SessionDeps, tx: Tx, notice: FailureNotice): Promise<void> {
  const event = notice.silent ? undefined : await failureEvent(deps, tx, notice);
  if (event !== undefined) await deps.outbox.insert(tx, event, notice.refId);
}

/** The id a result is filed under: the action_id, with the creator's namespace when the owner did not prove the session. */
export function refIdOf(session: Pick<Session, "intent" | "ownerProven" | "createdBy">): string {
  return namespacedActionId(session.intent.actionId, session.ownerProven ? undefined : session.createdBy);
}

async function failureEvent(deps: SessionDeps, tx: Tx, notice: FailureNotice) {
  const { identity } = deps;
  if (identity === undefined) return undefined;
  const now = deps.clock.now();
  const input = { ...notice, timestamp: now.toISOString() };
  const template = failureTemplate({ ...input, createdAt: nextCreatedAt(now, undefined) });
  const dTag = template.tags.find((tag) => tag[0] === "d")?.[1] ?? "";
  const last = await deps.outbox.findLastCreatedAt(tx, FAILURE_KIND, dTag);
  return signPrivateEvent(identity, await deps.peers.findScheme(notice.authorPubkey), {
    ...template,
    created_at: nextCreatedAt(now, last),
    plainText: JSON.stringify(failureContent(input)),
  });
}
