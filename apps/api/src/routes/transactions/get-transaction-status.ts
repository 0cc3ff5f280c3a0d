import { AppError } from "@arkrelay/core/errors";
import { TransactionParams, TransactionStatusReply } from "@arkrelay/core/http/transactions";

import { readRoute } from "../../http/route";
import { mayReadTransaction } from "./transaction-view";

export const getTransactionStatusRoute = readRoute({
  path: "/transactions/:txid/status",
  summary: "How far a transaction is, for anybody who knows its exact id",
  auth: ["public"],
  params: TransactionParams,
  replies: { 200: TransactionStatusReply },
}).handle(async ({ deps, caller, params }) => {
  const row = await deps.session.txs.find(params.txid);
  if (row === undefined) throw new AppError("not_found");
  const isOurs = await mayReadTransaction(deps, caller, row);
  return {
    status: 200,
    body: {
      txid: row.txid,
      status: row.status,
      tx_type: row.txType,
      amount_sats: Number(row.amountSats),
      fee_sats: Number(row.feeSats),
      created_at: row.createdAt.toISOString(),
      ...(row.confirmedAt !== undefined && { confirmed_at: row.confirmedAt.toISOString() }),
      ...(row.blockHeight !== undefined && { block_height: row.blockHeight }),
      ...(isOurs && { session_id: row.sessionId }),
      ...(isOurs && row.errorMessage !== undefined && { error_message: row.errorMessage }),
    },
  };
});
