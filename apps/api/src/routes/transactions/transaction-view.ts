import type { Caller } from "@arkrelay/core/caller";
import { AppError } from "@arkrelay/core/errors";
import type { TransactionRow } from "@arkrelay/core/ports/transaction-store";
import { readTransaction } from "@arkrelay/core/transaction/transaction-view";

import type { ApiDeps } from "../../api-deps";

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

/** As the caller may see it: its own outputs are named as such. */
export function readTransactionOf(deps: ApiDeps, caller: Caller, row: TransactionRow) {
  return readTransaction({ ...deps.session, payouts: deps.payouts }, caller.isOpen ? undefined : caller.pubkey, row);
}
