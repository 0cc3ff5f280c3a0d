import { type Caller, mayRead } from "../caller";
import { AppError } from "../errors";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { isHandedOver, isTerminal, type Session } from "../session/session";
import { lockSessionOf } from "./lift-session";
import type { LightningSessionDeps } from "./lightning-deps";
import { lightningWakeOf } from "./lightning-wake";

/**
 * Calls a lift off on the word of somebody who may. It ends later, once lnd says that its invoice is CANCELED; until then its session
 * stays as it is, which is returned. Errors: not_found, wrong_state (it ended), too_late_to_cancel (its delivery may be at arkd).
 */
export async function cancelLift(
  deps: Pick<LightningSessionDeps, "operations" | "sessions" | "clock">,
  tx: Tx,
  { sessionId, caller, reason }: { readonly sessionId: string; readonly caller: Caller; readonly reason: string },
): Promise<{ readonly session: Session; readonly wakes: readonly Wake[] }> {
  // The lift's row before its session's, as the worker locks them.
  const known = await deps.operations.findBySession(tx, sessionId);
  const operation = known === undefined ? undefined : await deps.operations.lock(tx, known.operationId);
  if (operation?.invoiceType !== "lift") throw new AppError("not_found");
  const session = await lockSessionOf(deps, tx, operation);
  if (!mayRead(caller, session)) throw new AppError("not_found");
  if (isTerminal(session)) throw new AppError("wrong_state", { details: { status: session.status, allowed: [] } });
  if (isHandedOver(session)) throw tooLate(session);
  if (operation.errorCode !== undefined) return { session, wakes: [] };
  const wakeAt = deps.clock.now();
  const change = { errorCode: "session_cancelled", lastError: reason, wakeAt } as const;
  const cancelled = await deps.operations.move(tx, operation, change, undefined);
  return { session, wakes: [lightningWakeOf(cancelled, wakeAt)] };
}

function tooLate({ status, ceremonyState }: Session): AppError {
  return new AppError("too_late_to_cancel", { details: { status, ceremony_state: ceremonyState } });
}
