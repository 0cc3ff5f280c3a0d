import { AppError } from "@arkrelay/core/errors";
import { MarkSpentBody, MarkSpentReply } from "@arkrelay/core/http/inventory";
import { insertJob } from "@arkrelay/core/jobs/insert-job";

import { writeRoute } from "../../http/route";
import { jobOrigin } from "../jobs/enqueue";

export const markSpentRoute = writeRoute({
  method: "POST",
  path: "/vtxos/mark-spent",
  summary:
    "Have arkd asked whether a transaction has spent a VTXO, as a job; the mirror takes arkd's word, not the caller's",
  auth: ["admin"],
  body: MarkSpentBody,
  replies: { 202: MarkSpentReply },
}).handle(async (input) => {
  const { deps, tx, body } = input;
  const [vtxo] = await deps.session.vtxos.listByIds(tx, [body.vtxo_id]);
  if (vtxo === undefined) throw new AppError("not_found");
  const { jobId, wakes } = await insertJob(deps.insertJob, tx, {
    ...jobOrigin(input),
    task: "vtxo_sync",
    payload: {
      v: 1,
      ownerPubkey: vtxo.ownerPubkey,
      spent: { vtxoId: body.vtxo_id, spendingTxid: body.spending_txid },
    },
  });
  return {
    status: 202,
    body: {
      message: "arkd is being asked",
      job_id: jobId,
      vtxo_id: body.vtxo_id,
      spending_txid: body.spending_txid,
    },
    headers: { location: `/jobs/${jobId}` },
    wakes,
  };
});
