import { PaymentHashParams, ResumeLandReply } from "@arkrelay/core/http/lightning";
import { insertJob } from "@arkrelay/core/jobs/insert-job";
import { findResumableLand } from "@arkrelay/core/lightning/resume-land";

import { writeRoute } from "../../http/route";
import { jobOrigin } from "../jobs/enqueue";
import { assertLightningServes } from "./lightning-access";

export const resumeLandRoute = writeRoute({
  method: "POST",
  path: "/lightning/pay/:payment_hash",
  summary: "Resume a land whose VTXO is ours: its payment is looked up first, and never made twice",
  auth: ["admin"],
  params: PaymentHashParams,
  replies: { 202: ResumeLandReply },
})
  .prepare(({ deps }) => assertLightningServes(deps))
  .handle(async (input) => {
    const { deps, tx, params } = input;
    const operation = await findResumableLand(deps.session, tx, params.payment_hash);
    const { jobId, wakes } = await insertJob(deps.insertJob, tx, {
      ...jobOrigin(input),
      task: "lightning_resume",
      payload: { v: 1, paymentHash: operation.paymentHash },
      dedupeKey: `lightning_resume:${operation.operationId}`,
      singleFlight: true,
    });
    return {
      status: 202,
      body: {
        success: true,
        operation_id: operation.operationId,
        payment_hash: operation.paymentHash,
        job_id: jobId,
        details: { status: operation.status },
      },
      headers: { location: `/jobs/${jobId}` },
      wakes,
    };
  });
