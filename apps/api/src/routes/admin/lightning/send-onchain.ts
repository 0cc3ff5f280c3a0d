import { toAppError } from "@arkrelay/core/errors";
import { PlanReply, SendOnchainBody, StartedReply } from "@arkrelay/core/http/admin-lightning";
import { insertJob } from "@arkrelay/core/jobs/insert-job";
import { describeSending, planSending } from "@arkrelay/core/lightning/operator-plans";
import type { OnchainSending } from "@arkrelay/core/lightning/operator-writes";

import { writeRoute } from "../../../http/route";
import { isAway } from "../../../last-known";
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
    await assertLightningServes(deps);
    const sending = {
      address: body.address,
      amountSats: BigInt(body.amount_sats),
      satPerVbyte: toRate(body.sat_per_vbyte),
    };
    const asking = askLnd(deps, (node) => planSending(node, sending));
    return body.dry_run ? asking : planOrDescription(asking, sending);
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

/** The job is begun whether lnd can say now what it costs or not. */
async function planOrDescription(asking: ReturnType<typeof planSending>, sending: OnchainSending) {
  try {
    return await asking;
  } catch (error) {
    if (!isAway(error) && toAppError(error).code !== "daemon_rejected") throw error;
    return { ...describeSending(sending), fee_estimate: null };
  }
}
