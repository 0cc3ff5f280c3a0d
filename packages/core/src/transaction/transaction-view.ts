import type { z } from "zod";

import { namedAmounts, readNamesOf, type AssetNames } from "../asset/asset-names";
import type { TransactionReply } from "../http/transactions";
import { toJsonAmount } from "../json-amount";
import type { PayoutStore } from "../ports/lightning-stores";
import type { PlannedOutput } from "../ports/session-stores";
import type { TransactionRow } from "../ports/transaction-store";
import type { SessionDeps } from "../session/session-deps";

export interface TransactionViewDeps extends Pick<SessionDeps, "sessions" | "sessionTxs" | "vtxos" | "assets"> {
  /** Needed for what the gateway pays by itself. */
  readonly payouts?: Pick<PayoutStore, "findAttempt">;
}

type TransactionBody = z.output<typeof TransactionReply>["transaction"];

/** A transaction with its legs, as routes and webhooks show it. `viewer`: the key whose own outputs are named as such. */
export async function readTransaction(
  deps: TransactionViewDeps,
  viewer: string | undefined,
  row: TransactionRow,
): Promise<TransactionBody> {
  const { inputs, outputs, batchId } = await readLegs(deps, viewer, row);
  return {
    txid: row.txid,
    tx_type: row.txType,
    status: row.status,
    session_id: row.sessionId,
    ...(batchId !== undefined && { batch_id: batchId }),
    asset_id: row.assetId,
    asset_amount: Number(row.assetAmount),
    amount_sats: Number(row.amountSats),
    fee_sats: Number(row.feeSats),
    inputs,
    outputs,
    ...(row.commitmentTxid !== undefined && { commitment_txid: row.commitmentTxid }),
    ...(row.blockHeight !== undefined && { block_height: row.blockHeight }),
    created_at: row.createdAt.toISOString(),
    ...(row.confirmedAt !== undefined && { confirmed_at: row.confirmedAt.toISOString() }),
    ...(row.acknowledgedAt !== undefined && { acknowledged_at: row.acknowledgedAt.toISOString() }),
    ...(row.errorCode !== undefined && { error_code: row.errorCode }),
    ...(row.errorMessage !== undefined && { error_message: row.errorMessage }),
  };
}

type Leg = Pick<PlannedOutput, "vout" | "ownerPubkey" | "amountSats" | "assets"> & { readonly isGateways: boolean };

interface Legs {
  readonly inputIds: readonly string[];
  readonly outputs: readonly Leg[];
  /** Of a swap. */
  readonly batchId?: string | undefined;
}

async function readLegs(
  deps: TransactionViewDeps,
  viewer: string | undefined,
  row: TransactionRow,
): Promise<Pick<TransactionBody, "inputs" | "outputs"> & Pick<Legs, "batchId">> {
  const legs = (await plannedLegs(deps, row)) ?? (await paidLegs(deps, row));
  if (legs === undefined) return { inputs: [], outputs: [] };
  const vtxos = await deps.vtxos.listByIds(undefined, legs.inputIds);
  const names = await readNamesOf(deps.assets, undefined, [...vtxos, ...legs.outputs]);
  return {
    batchId: legs.batchId,
    inputs: vtxos.map((vtxo) => ({ vtxo_id: vtxo.vtxoId, ...carried(vtxo, names) })),
    outputs: legs.outputs.map((output) => ({
      vtxo_id: `${row.txid}:${String(output.vout)}`,
      owner: ownerWord(output, viewer),
      ...carried(output, names),
    })),
  };
}

/** A session that was planned anew has another transaction now; this row's legs are gone with the plan. */
async function plannedLegs(stores: TransactionViewDeps, row: TransactionRow): Promise<Legs | undefined> {
  const session = await stores.sessions.find(row.sessionId);
  const plan = session && (await stores.sessionTxs.find(undefined, session.id));
  if (session === undefined || plan === undefined || plan.txs.ark.txid !== row.txid) return undefined;
  const inputs = await stores.sessionTxs.listInputs(session.id);
  return {
    batchId: session.batchId,
    inputIds: inputs.map(({ vtxoId }) => vtxoId),
    outputs: plan.outputs.map((output) => ({ ...output, isGateways: output.role === "fee_return" })),
  };
}

/** Payouts whose recipient is the gateway: units go to its treasury, or from there to its stock. */
const TO_ITSELF: ReadonlySet<string> = new Set(["asset_issue", "vtxo_replenishment"]);

/** What the gateway pays by itself (a lift, a refund, a mint): all but the recipient's output is its own, and what it pays to itself. */
async function paidLegs({ payouts }: TransactionViewDeps, row: TransactionRow): Promise<Legs | undefined> {
  const attempt = await payouts?.findAttempt(row.txid);
  return (
    attempt && {
      inputIds: attempt.inputVtxoIds,
      outputs: attempt.outputs.map((output) => ({
        ...output,
        isGateways: output.role !== "recipient" || TO_ITSELF.has(row.txType),
      })),
    }
  );
}

/** Sats and what rides on them; several assets have no one name and amount. */
function carried(leg: Pick<PlannedOutput, "amountSats" | "assets">, names: AssetNames) {
  const [first, ...more] = namedAmounts(names, leg);
  const isOne = first !== undefined && more.length === 0;
  return {
    amount_sats: Number(leg.amountSats),
    ...(isOne && { asset_id: first.assetId, asset_amount: toJsonAmount(first.amount) }),
  };
}

/** Keys of others are not named: a party knows its own, and nobody else's business. */
function ownerWord(output: Leg, viewer: string | undefined): "you" | "other" | "gateway" {
  if (output.isGateways) return "gateway";
  return output.ownerPubkey === viewer ? "you" : "other";
}
