import { namedAmounts, readNamesOf, type AssetNames } from "../asset/asset-names";
import { assert } from "../errors";
import { toJsonAmount } from "../json-amount";
import { bookThawed } from "../ledger/book-frozen";
import type { PlannedOutput } from "../ports/session-stores";
import type { Tx } from "../ports/transactions";
import type { Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { bookFinalTx, expiryOf } from "../vtxo/book-final-tx";
import type { Vtxo } from "../vtxo/vtxo";
import { announceFinalized, type AnnounceTransactionDeps } from "../webhook/transaction-event";
import type { SessionPlan } from "./session-signatures";

/** The final transaction of a ceremony as the books see it. */
export interface FinalTransfer {
  readonly txid: string;
  readonly arkPsbt: string;
  readonly inputs: readonly Vtxo[];
  readonly outputs: readonly PlannedOutput[];
  /** Of the assets on the outputs. */
  readonly assetNames: AssetNames;
  /** Outputs expire with the earliest of the inputs. */
  readonly expiresAt: Date | null;
}

export async function readFinal(
  deps: Pick<CeremonyDeps, "assets" | "sessionTxs" | "vtxos">,
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
  const { txid, finalPsbt: arkPsbt } = txs.ark;
  const assetNames = await readNamesOf(deps.assets, undefined, outputs);
  return { txid, arkPsbt, inputs, outputs, assetNames, expiresAt: expiryOf(inputs) };
}

/** The mirror and the transaction row: inputs spent, outputs there, nothing frozen any more. The session's row was taken before. */
export async function bookFinal(
  deps: Pick<CeremonyDeps, "clock" | "txs" | "vtxos" | "ledger"> & AnnounceTransactionDeps,
  tx: Tx,
  session: Session,
  transfer: FinalTransfer,
): Promise<void> {
  const now = deps.clock.now();
  await bookFinalTx(deps.vtxos, tx, transfer, now);
  await bookThawed(deps, tx, session.sessionId);
  await deps.txs.confirm(tx, transfer.txid, session.sessionId, {
    txType: session.sessionType,
    confirmedAt: now,
    rawTx: transfer.arkPsbt,
  });
  await announceFinalized(deps, tx, transfer.txid, recipientsOf(transfer));
}

/** What the session row and the 31340 say about a settled transfer. */
export function resultOf(session: Pick<Session, "intent">, transfer: FinalTransfer) {
  const { intent } = session;
  return {
    txid: transfer.txid,
    inputs: transfer.inputs.map((input) => input.vtxoId),
    outputs: transfer.outputs.flatMap((output) =>
      namedAmounts(transfer.assetNames, output).map(({ assetId, amount }) => ({
        vtxo_id: `${transfer.txid}:${output.vout}`,
        amount: toJsonAmount(amount),
        asset_id: assetId,
        recipient: output.ownerPubkey,
      })),
    ),
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
