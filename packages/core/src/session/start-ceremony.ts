import { mayRead, type Caller } from "../caller";
import { AppError } from "../errors";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { moveSession, wakeOf } from "./move-session";
import { isHandedOver, type Session } from "./session";
import type { SessionDeps } from "./session-deps";

/**
 * From here on the worker drives every step. Idempotent; allowed in initiated, challenge_sent and awaiting_signature.
 * Errors: not_found, session_expired, wrong_state (it ended).
 */
export async function startCeremony(
  deps: SessionDeps,
  tx: Tx,
  input: { readonly sessionId: string; readonly caller: Caller },
): Promise<{ readonly session: Session; readonly wakes: readonly Wake[] }> {
  const session = await deps.sessions.lock(tx, input.sessionId);
  if (session === undefined || !mayRead(input.caller, session)) throw new AppError("not_found");
  if (session.status === "expired") throw new AppError("session_expired");
  if (session.status === "completed" || session.status === "failed") {
    throw new AppError("wrong_state", {
      details: { status: session.status, allowed: ["initiated", "challenge_sent", "awaiting_signature"] },
    });
  }
  if (session.autoStart || isHandedOver(session)) return { session, wakes: [] };
  const now = deps.clock.now();
  const prepare = session.ceremonyState === "intent_received" ? { prepareSince: now } : {};
  const started = await moveSession(
    deps,
    tx,
    session,
    { autoStart: true, wakeAt: now, ...prepare },
    { events: [{ event: "started", data: {} }] },
  );
  return { session: started, wakes: [wakeOf(started, now)] };
}
