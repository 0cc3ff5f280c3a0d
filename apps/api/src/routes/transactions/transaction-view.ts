import type { z } from "zod";

import { namedAmounts, readNamesOf, type AssetNames } from "@arkrelay/core/asset/asset-names";
import { actsAsOwner, type Caller } from "@arkrelay/core/caller";
import { AppError } from "@arkrelay/core/errors";
import type { TransactionReply } from "@arkrelay/core/http/transactions";
import { toJsonAmount } from "@arkrelay/core/json-amount";
import type { PlannedOutput } from "@arkrelay/core/ports/session-stores";
import type { TransactionRow } from "@arkrelay/core/ports/transaction-store";

import type { ApiDeps } from "../../api-deps";

type TransactionBody = z.output<typeof TransactionReply>["transaction"];

/** Whether the transaction is the caller's to see whole: as a party, as the solver that made its session, as the operator. */
export async function mayReadTransaction(deps: ApiDeps, caller: Caller, row: TransactionRow): Promise<boolean> {
  if (caller.isAdmin || (await isParty(deps, caller, row))) return true;
  if (!caller.isSolver) return false;
  const session = await deps.session.sessions.find(row.sessionId);
  return session?.createdBy === caller.principal;
}

export async function isParty(deps: ApiDeps, caller: Caller, row: TransactionRow): Promise<boolean> {
  if (caller.isOpen) return true;
  return caller.pubkey !== undefined && deps.session.txs.isParty(row.id, caller.pubkey);
}

export async function getReadableTransaction(deps: ApiDeps, caller: Caller, txid: string): Promise<TransactionRow> {
  const row = await deps.session.txs.find(txid);
  if (row === undefined || !(await mayReadTransaction(deps, caller, row))) throw new AppError("not_found");
  return row;
}

export async function readTransaction(deps: ApiDeps, caller: Caller, row: TransactionRow): Promise<TransactionBody> {
  const { inputs, outputs } = await readLegs(deps, caller, row);
  return {
    txid: row.txid,
    tx_type: row.txType,
    status: row.status,
    session_id: row.sessionId,
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
}

async function readLegs(
  deps: ApiDeps,
  caller: Caller,
  row: TransactionRow,
): Promise<Pick<TransactionBody, "inputs" | "outputs">> {
  const legs = (await plannedLegs(deps, row)) ?? (await paidLegs(deps, row));
  if (legs === undefined) return { inputs: [], outputs: [] };
  const vtxos = await deps.session.vtxos.listByIds(undefined, legs.inputIds);
  const names = await readNamesOf(deps.session.assets, undefined, [...vtxos, ...legs.outputs]);
  return {
    inputs: vtxos.map((vtxo) => ({ vtxo_id: vtxo.vtxoId, ...carried(vtxo, names) })),
    outputs: legs.outputs.map((output) => ({
      vtxo_id: `${row.txid}:${String(output.vout)}`,
      owner: ownerWord(output, caller),
      ...carried(output, names),
    })),
  };
}

/** A session that was planned anew has another transaction now; this row's legs are gone with the plan. */
async function plannedLegs({ session: stores }: ApiDeps, row: TransactionRow): Promise<Legs | undefined> {
  const session = await stores.sessions.find(row.sessionId);
  const plan = session && (await stores.sessionTxs.find(undefined, session.id));
  if (session === undefined || plan === undefined || plan.txs.ark.txid !== row.txid) return undefined;
  const inputs = await stores.sessionTxs.listInputs(session.id);
  return {
    inputIds: inputs.map(({ vtxoId }) => vtxoId),
    outputs: plan.outputs.map((output) => ({ ...output, isGateways: output.role === "fee_return" })),
  };
}

/** Payouts whose recipient is the gateway: units go to its treasury, or from there to its stock. */
const TO_ITSELF: ReadonlySet<string> = new Set(["asset_issue", "vtxo_replenishment"]);

/** What the gateway pays by itself (a lift, a refund, a mint): all but the recipient's output is its own, and what it pays to itself. */
async function paidLegs({ payouts }: ApiDeps, row: TransactionRow): Promise<Legs | undefined> {
  const attempt = await payouts.findAttempt(row.txid);
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
function ownerWord(output: Leg, caller: Caller): "you" | "other" | "gateway" {
  if (output.isGateways) return "gateway";
  return !caller.isOpen && actsAsOwner(caller, output.ownerPubkey) ? "you" : "other";
}
