import { TransactionParams, TransactionReply } from "@arkrelay/core/http/transactions";

import { readRoute } from "../../http/route";
import { getReadableTransaction, readTransactionOf } from "./transaction-view";

export const getTransactionRoute = readRoute({
  path: "/transactions/:txid",
  summary: "A transaction with its inputs and outputs, for its parties and its solver",
  auth: ["owner", "solver"],
  scope: "transactions",
  params: TransactionParams,
  replies: { 200: TransactionReply },
}).handle(async ({ deps, caller, params }) => {
  const row = await getReadableTransaction(deps, caller, params.txid);
  return { status: 200, body: { transaction: await readTransactionOf(deps, caller, row) } };
});
