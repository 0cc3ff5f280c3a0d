import { bookFinal, resultOf, type FinalTransfer } from "../ceremony/final-transfer";
import { assert } from "../errors";
import { POSTING_KINDS } from "../ledger/postings";
import type { PlannedOutput } from "../ports/session-stores";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { moveSession } from "../session/move-session";
import { movingIntentOf, type Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { unitsOn } from "../vtxo/vtxo";
import { receivedPostings } from "./land-postings";
import { lockLand } from "./land-session";
import type { LightningOperation } from "./lightning-operation";
import { lightningWakeOf } from "./lightning-wake";

/** Whose lock the VTXO of a land carries, from the moment it is ours until it is paid for or given back. */
export function landLockOf(operationId: string): string {
  return `land:${operationId}`;
}

/**
 * Step 6 of a land: its VTXO is the gateway's and waits for the payment, locked. From here on the row decides; the session stays
 * `signing` until it is paid or refunded.
 */
export async function receiveLand(
  deps: CeremonyDeps,
  tx: Tx,
  session: Session,
  transfer: FinalTransfer,
  fence: string,
): Promise<{ readonly session: Session; readonly wake: Wake }> {
  const finalized = await moveSession(
    deps,
    tx,
    session,
    {
      ceremonyState: "finalized",
      signedTx: transfer.arkPsbt,
      resultData: resultOf(session, transfer),
      errorCode: null,
      errorMessage: null,
    },
    { fence },
  );
  const land = await lockLand(deps, tx, session);
  const received = transfer.outputs.find((output) => output.role === "recipient");
  assert(received !== undefined && isWhole(land, session, received), "a land receives its amount and its fee");
  const receivedVtxoId = `${transfer.txid}:${received.vout}`;
  const wakeAt = deps.clock.now();
  const moved = await deps.operations.move(tx, land, { status: "received", receivedVtxoId, wakeAt }, undefined);
  await bookFinal(deps, tx, session, transfer);
  const isLocked = await deps.vtxos.lockHeld(tx, receivedVtxoId, landLockOf(land.operationId));
  assert(isLocked, "nobody else takes what a land has just received");
  await deps.ledger.post(tx, {
    kind: POSTING_KINDS.landReceived,
    businessId: land.operationId,
    memo: `VTXO of land ${land.operationId}`,
    postings: receivedPostings(land, received),
  });
  return { session: finalized, wake: lightningWakeOf(moved, wakeAt) };
}

function isWhole({ amount, fee }: LightningOperation, session: Session, received: PlannedOutput): boolean {
  const { arkAssetId } = movingIntentOf(session);
  const came = arkAssetId === undefined ? received.amountSats : unitsOn({ assets: received.assets ?? [] }, arkAssetId);
  return came === amount + fee;
}
