import { assert } from "../errors";
import type { PlannedOutput } from "../ports/session-stores";
import type { Tx } from "../ports/transactions";
import type { Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { bookFinalTx, expiryOf } from "../vtxo/book-final-tx";
import { GBTC, type Vtxo } from "../vtxo/vtxo";
import type { SessionPlan } from "./session-signatures";

/** The final transaction of a ceremony as the books see it. */
export interface FinalTransfer {
  readonly txid: string;
  readonly arkPsbt: string;
  readonly inputs: readonly Vtxo[];
  readonly outputs: readonly PlannedOutput[];
  /** Outputs expire with the earliest of the inputs. */
  readonly expiresAt: Date | null;
}

export async function readFinal(
  deps: Pick<CeremonyDeps, "sessionTxs" | "vtxos">,
  session: Session,
  { txs, outputs }: SessionPlan,
): Promise<FinalTransfer> {
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

/** The mirror and the transaction row: inputs spent, outputs there. */
export async function bookFinal(
  deps: Pick<CeremonyDeps, "clock" | "txs" | "vtxos">,
  tx: Tx,
  session: Session,
  transfer: FinalTransfer,
): Promise<void> {
  const now = deps.clock.now();
  await bookFinalTx(deps.vtxos, tx, transfer, now);
  await deps.txs.confirm(tx, transfer.txid, session.sessionId, { confirmedAt: now, rawTx: transfer.arkPsbt });
}

/** What the session row and the 31340 say about a settled transfer. */
export function resultOf(session: Pick<Session, "intent">, transfer: FinalTransfer) {
  const { intent } = session;
  return {
    txid: transfer.txid,
    inputs: transfer.inputs.map((input) => input.vtxoId),
    outputs: transfer.outputs.map((output) => ({
      vtxo_id: `${transfer.txid}:${output.vout}`,
      amount: Number(output.amountSats),
      asset_id: GBTC,
      recipient: output.ownerPubkey,
    })),
    fee_paid: Number(intent.feeAmount),
    fee_asset_id: intent.feeAssetId,
    ...(intent.type === "lightning_land" ? { payment_hash: intent.paymentHash } : {}),
    expires_at: transfer.expiresAt?.toISOString() ?? null,
  };
}

/** Who got a VTXO: everybody but the gateway with its co-input. */
export function recipientsOf({ outputs }: Pick<FinalTransfer, "outputs">): readonly string[] {
  return outputs.filter((each) => each.role !== "fee_return").map((each) => each.ownerPubkey);
}
