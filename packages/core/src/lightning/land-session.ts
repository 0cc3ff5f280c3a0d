import { type AppError, assert } from "../errors";
import type { LightningChange } from "../ports/lightning-stores";
import type { Tx } from "../ports/transactions";
import type { Session } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import type { LightningOperation } from "./lightning-operation";

/**
 * What happens to the row of a land while its session is a ceremony like any other. The session was moved (and is locked) before, in
 * the same transaction. Nothing of other sessions.
 */

type Deps = Pick<SessionDeps, "operations" | "lightningConfig">;

/**
 * Before anything is handed to arkd the hash must be this land's alone, for good once it is received. Throws `invoice_used` when another
 * one has it. false = the key has as many lands in flight as it may; the hand-over waits.
 */
export async function claimLand(deps: Deps, tx: Tx, session: Session): Promise<boolean> {
  if (session.sessionType !== "lightning_land") return true;
  if ((await deps.operations.countOpenLands(tx, session.userPubkey)) >= deps.lightningConfig.landMaxInFlight)
    return false;
  const land = await lockLand(deps, tx, session);
  if (land.claimedHash === undefined) {
    await deps.operations.move(tx, land, { claimedHash: land.paymentHash }, undefined);
  }
  return true;
}

/** The session ends before arkd accepted anything: so does its land, and the hash is free for another one. */
export async function endLandOf(
  deps: Pick<SessionDeps, "operations">,
  tx: Tx,
  session: Session,
  end: { readonly status: "failed" | "expired"; readonly error: AppError },
): Promise<void> {
  if (session.sessionType !== "lightning_land") return;
  const land = await lockLand(deps, tx, session);
  const { code, message } = end.error;
  const change: LightningChange = {
    status: code === "session_cancelled" ? "cancelled" : end.status,
    claimedHash: null,
    errorCode: code,
    lastError: message,
  };
  await deps.operations.move(tx, land, change, undefined);
}

/** The row of a session's land, locked. */
export async function lockLand(
  { operations }: Pick<SessionDeps, "operations">,
  tx: Tx,
  { sessionId }: Pick<Session, "sessionId">,
): Promise<LightningOperation> {
  const known = await operations.findBySession(tx, sessionId);
  const land = known === undefined ? undefined : await operations.lock(tx, known.operationId);
  assert(land !== undefined, `session ${sessionId} has the row of its land`);
  return land;
}
