import { AppError } from "../errors";
import { POSTING_KINDS } from "../ledger/postings";
import { notifyUser } from "../nostr/notify-user";
import type { FinalPayout, PayoutRun } from "../payout/payout-deps";
import type { Tx } from "../ports/transactions";
import { GBTC } from "../vtxo/vtxo";
import { endingOf, endLift } from "./end-lift";
import type { LiftGate } from "./lift-gate";
import { deliveredPostings } from "./lift-postings";
import { advanceSession, lockSessionOf } from "./lift-session";
import { type HeldLift, lockHeld } from "./lift-step";
import type { LightningDeps } from "./lightning-deps";
import type { LightningOperation } from "./lightning-operation";
import { notePoisoned } from "./note-poisoned";

/** How a lift takes part in its payout: its gate before every send, and what follows from acceptance and finality. */
export function liftRun(deps: LightningDeps, lift: HeldLift, askGate: () => Promise<LiftGate>): PayoutRun {
  return {
    sessionId: lift.operation.sessionId,
    txType: "lightning_lift",
    guard: async (tx) => {
      await lockHeld(deps, tx, lift);
    },
    mayPay: async () => (await askGate()).kind === "open",
    onSending: async (tx, attempt) => {
      if (attempt.role === "kill") return;
      const { errorCode, operationId } = await lockHeld(deps, tx, lift);
      // Its user has called it off since this turn began.
      if (errorCode !== undefined) {
        throw new AppError("wrong_state", { internal: `lift ${operationId} is called off, nothing of it is sent` });
      }
      await advanceSession(deps, tx, await lockSessionOf(deps, tx, lift.operation), "submitting");
    },
    onAccepted: async (tx, attempt) => {
      if (attempt.role === "kill") return;
      await advanceSession(deps, tx, await lockSessionOf(deps, tx, lift.operation), "checkpoint_sigs_collected");
    },
    onPoisoned: () => notePoisoned(deps, lift),
    onFinal: async (tx, final) => {
      const operation = await lockHeld(deps, tx, lift);
      if (final.attempt.role === "kill") return endKilled(deps, tx, operation, lift.fence);
      return noteDelivered(deps, tx, operation, final, lift.fence);
    },
  };
}

/** The pivot came back to us: no delivery can win any more, and the invoice was cancelled before this. */
function endKilled(deps: LightningDeps, tx: Tx, operation: LightningOperation, fence: string): Promise<void> {
  return endLift(deps, tx, operation, { status: "cancelled", error: endingOf(operation) }, fence);
}

/** The user has its VTXO: Lightning owes us for it from now on. */
async function noteDelivered(
  deps: LightningDeps,
  tx: Tx,
  operation: LightningOperation,
  final: FinalPayout,
  fence: string,
): Promise<void> {
  const { operationId, amount, assetId, paymentHash } = operation;
  await deps.operations.move(
    tx,
    operation,
    { status: "delivered", errorCode: null, lastError: null, unknownSince: null },
    fence,
  );
  await deps.ledger.post(tx, {
    kind: POSTING_KINDS.liftDelivered,
    businessId: operationId,
    memo: `delivery of lift ${operationId}`,
    postings: deliveredPostings(operation),
  });
  const session = await lockSessionOf(deps, tx, operation);
  const resultData = resultOf(operation, final);
  await advanceSession(deps, tx, session, "finalized", { signedTx: final.arkPsbt, resultData });
  const delivered = final.attempt.outputs.find((output) => output.role === "recipient");
  await notifyUser(deps, tx, {
    session,
    type: "vtxo_ready",
    subjectId: operationId,
    amount,
    assetId,
    paymentHash,
    ...(delivered === undefined ? {} : { vtxoId: `${final.txid}:${delivered.vout}` }),
  });
}

/** What the session row and the 31340 say about a lift. */
function resultOf({ assetId, paymentHash }: LightningOperation, { txid, inputs, attempt, expiresAt }: FinalPayout) {
  return {
    txid,
    inputs: inputs.map((input) => input.vtxoId),
    outputs: attempt.outputs.map((output) => ({
      vtxo_id: `${txid}:${output.vout}`,
      // The only units that a delivery moves are of the lifted asset.
      ...(output.assets?.[0] === undefined
        ? { amount: Number(output.amountSats), asset_id: GBTC }
        : { amount: Number(output.assets[0].amount), asset_id: assetId }),
      recipient: output.ownerPubkey,
    })),
    fee_paid: 0,
    fee_asset_id: GBTC,
    payment_hash: paymentHash,
    expires_at: expiresAt?.toISOString() ?? null,
  };
}

export type LiftResult = ReturnType<typeof resultOf>;
