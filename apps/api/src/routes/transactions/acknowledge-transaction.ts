import { AppError } from "@arkrelay/core/errors";
import { AcknowledgeReply, TransactionParams } from "@arkrelay/core/http/transactions";

import { writeRoute } from "../../http/route";
import { isParty } from "./transaction-view";

export const acknowledgeTransactionRoute = writeRoute({
  method: "POST",
  path: "/transactions/user/confirm/:txid",
  summary: "Note that the wallet has seen its outputs; moves nothing",
  auth: ["owner"],
  params: TransactionParams,
  replies: { 200: AcknowledgeReply },
}).handle(async ({ deps, tx, caller, params }) => {
  const row = await deps.session.txs.find(params.txid);
  if (row === undefined || !(caller.isAdmin || (await isParty(deps, caller, row)))) throw new AppError("not_found");
  const at = await deps.session.txs.acknowledge(tx, row.txid, deps.clock.now());
  return {
    status: 200,
    body: { message: "Acknowledged", txid: row.txid, acknowledged_at: at.toISOString() },
  };
});
