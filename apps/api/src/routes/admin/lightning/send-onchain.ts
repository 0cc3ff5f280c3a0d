import { PlanReply, SendOnchainBody, StartedReply } from "@arkrelay/core/http/admin-lightning";
import { insertJob } from "@arkrelay/core/jobs/insert-job";
import { describeSending, planSending } from "@arkrelay/core/lightning/operator-plans";

import { writeRoute } from "../../../http/route";
import { jobOrigin } from "../../jobs/enqueue";
import { assertLightningServes } from "../../lightning/lightning-access";
import { askLnd } from "./ask-lnd";
import { planned, started, toRate } from "./operator-reply";

export const sendOnchainRoute = writeRoute({
  method: "POST",
  path: "/admin/lightning/send-onchain",
  summary:
    "Pay an address from lnd's wallet, as a job whose id is the transaction's label; a dry run shows the plan only",
  auth: ["admin"],
  body: SendOnchainBody,
  integersOnly: true,
  replies: { 200: PlanReply, 202: StartedReply },
})
  .prepare(async ({ deps, body }) => {
    const sending = {
      address: body.address,
      amountSats: BigInt(body.amount_sats),
      satPerVbyte: toRate(body.sat_per_vbyte),
    };
    if (body.dry_run) return askLnd(deps, (node) => planSending(node, sending));
    await assertLightningServes(deps);
    return describeSending(sending);
  })
  .handle(async (input) => {
    const { deps, tx, body, prepared: plan } = input;
    if (body.dry_run) return planned(plan);
    const job = await insertJob(deps.insertJob, tx, {
      ...jobOrigin(input),
      task: "lightning_send_onchain",
      payload: {
        v: 1,
        address: body.address,
        amountSats: body.amount_sats,
        ...(body.sat_per_vbyte !== undefined && { satPerVbyte: body.sat_per_vbyte }),
      },
    });
    return started(job, plan, "The payment is being sent");
  });
