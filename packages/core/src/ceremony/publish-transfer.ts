import { assert } from "../errors";
import { l2FeePostings } from "../ledger/postings";
import type { PlannedOutput } from "../ports/session-stores";
import { moveSession } from "../session/move-session";
import { publishConfirmation } from "../session/publish-confirmation";
import type { Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { bookFinalTx, expiryOf } from "../vtxo/book-final-tx";
import { GBTC, type Vtxo } from "../vtxo/vtxo";
import { getSessionTxs, type SessionPlan } from "./session-signatures";
import type { StepOutcome } from "./step-outcome";

/** The final transaction as the books see it. */
interface FinalTransfer {
  readonly txid: string;
  readonly arkPsbt: string;
  readonly inputs: readonly Vtxo[];
  readonly outputs: readonly PlannedOutput[];
  /** Outputs expire with the earliest of the inputs. */
  readonly expiresAt: Date | null;
}

/**
 * Step 6, idempotent by txid: one transaction for the mirror, the ledger, the transaction row, the session and its 31340. It also
 * takes the step from `finalizing`, so that nobody sees a transfer as final whose inputs still look locked.
 */
export async function publishTransfer(
  deps: CeremonyDeps,
  session: Session,
  fence: string,
  known?: SessionPlan,
): Promise<StepOutcome> {
  const transfer = await readFinal(deps, session, known ?? (await getSessionTxs(deps, session)));
  const done = await deps.transactions.run(async (tx) => {
    const now = deps.clock.now();
    const finalized = await moveSession(deps, tx, session, { ceremonyState: "finalized" }, { fence });
    const published = await moveSession(
      deps,
      tx,
      finalized,
      {
        status: "completed",
        ceremonyState: "published",
        signedTx: transfer.arkPsbt,
        resultData: resultData(session, transfer),
        errorCode: null,
        errorMessage: null,
        completedAt: now,
      },
      { fence },
    );
    await bookFinalTx(deps.vtxos, tx, transfer, now);
    await deps.txs.confirm(tx, transfer.txid, session.sessionId, { confirmedAt: now, rawTx: transfer.arkPsbt });
    await deps.ledger.post(tx, {
      kind: "l2_fee",
      businessId: transfer.txid,
      memo: `fee of session ${session.sessionId}`,
      postings: l2FeePostings(session.intent.feeSats),
    });
    await publishConfirmation(deps, tx, published, {
      results: resultData(session, transfer),
      recipientPubkeys: transfer.outputs.filter((each) => each.role !== "fee_return").map((each) => each.ownerPubkey),
    });
    return published;
  });
  return { kind: "moved", session: done };
}

async function readFinal(deps: CeremonyDeps, session: Session, { txs, outputs }: SessionPlan): Promise<FinalTransfer> {
  const ids = (await deps.sessionTxs.listInputs(session.id)).map((each) => each.vtxoId);
  const rows = await deps.vtxos.listByIds(undefined, ids);
  const inputs = ids.flatMap((id) => rows.filter((row) => row.vtxoId === id));
  assert(
    inputs.length === ids.length && txs.ark.finalPsbt !== undefined,
    "a finalised session knows its inputs and its final tx",
  );
  const expiresAt = expiryOf(inputs);
  return { txid: txs.ark.txid, arkPsbt: txs.ark.finalPsbt, inputs, outputs, expiresAt };
}

/** What the session row and the 31340 say about a settled transfer. */
function resultData(session: Session, transfer: FinalTransfer) {
  return {
    txid: transfer.txid,
    inputs: transfer.inputs.map((input) => input.vtxoId),
    outputs: transfer.outputs.map((output) => ({
      vtxo_id: `${transfer.txid}:${output.vout}`,
      amount: Number(output.amountSats),
      asset_id: GBTC,
      recipient: output.ownerPubkey,
    })),
    fee_paid: Number(session.intent.feeSats),
    fee_asset_id: session.intent.feeAssetId,
    expires_at: transfer.expiresAt?.toISOString() ?? null,
  };
}
