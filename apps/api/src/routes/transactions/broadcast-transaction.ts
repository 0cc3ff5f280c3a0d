import { AppError } from "@arkrelay/core/errors";
import { BroadcastReply, TransactionParams } from "@arkrelay/core/http/transactions";
import { insertJob } from "@arkrelay/core/jobs/insert-job";

import { writeRoute } from "../../http/route";
import { jobOrigin } from "../jobs/enqueue";

export const broadcastTransactionRoute = writeRoute({
  method: "POST",
  path: "/transactions/:txid/broadcast",
  summary: "Drive a stuck transaction forward; never makes another one",
  auth: ["admin"],
  params: TransactionParams,
  replies: { 202: BroadcastReply },
}).handle(async (input) => {
  const { deps, tx, params } = input;
  const row = await deps.session.txs.find(params.txid);
  if (row === undefined) throw new AppError("not_found");
  const { jobId, wakes } = await insertJob(deps.insertJob, tx, {
    ...jobOrigin(input),
    task: "tx_recover",
    payload: { v: 1, txid: row.txid },
    dedupeKey: `tx_recover:${row.txid}`,
    singleFlight: true,
  });
  return {
    status: 202,
    body: { success: true, txid: row.txid, job_id: jobId },
    headers: { location: `/jobs/${jobId}` },
    wakes,
  };
});
