import { OpenChannelBody, PlanReply, StartedReply } from "@arkrelay/core/http/admin-lightning";
import { insertJob } from "@arkrelay/core/jobs/insert-job";
import { describeOpening, planOpening } from "@arkrelay/core/lightning/operator-plans";

import { writeRoute } from "../../../http/route";
import { jobOrigin } from "../../jobs/enqueue";
import { assertLightningServes } from "../../lightning/lightning-access";
import { askLnd } from "./ask-lnd";
import { planned, started, toRate } from "./operator-reply";

export const openChannelRoute = writeRoute({
  method: "POST",
  path: "/admin/lightning/channels/open",
  summary: "Open a channel, as a job whose id is the channel's memo; a dry run shows the plan only",
  auth: ["admin"],
  body: OpenChannelBody,
  integersOnly: true,
  replies: { 200: PlanReply, 202: StartedReply },
})
  .prepare(async ({ deps, body }) => {
    await assertLightningServes(deps);
    const opening = {
      nodePubkey: body.node_pubkey,
      host: body.host,
      amountSats: BigInt(body.amount_sats),
      isPrivate: body.private,
      satPerVbyte: toRate(body.sat_per_vbyte),
    };
    return body.dry_run ? askLnd(deps, (node) => planOpening(node, opening)) : describeOpening(opening);
  })
  .handle(async (input) => {
    const { deps, tx, body, prepared: plan } = input;
    if (body.dry_run) return planned(plan);
    const job = await insertJob(deps.insertJob, tx, {
      ...jobOrigin(input),
      task: "lightning_channel_open",
      payload: {
        v: 1,
        nodePubkey: body.node_pubkey,
        ...(body.host !== undefined && { host: body.host }),
        amountSats: body.amount_sats,
        isPrivate: body.private,
        ...(body.sat_per_vbyte !== undefined && { satPerVbyte: body.sat_per_vbyte }),
      },
    });
    return started(job, plan, "The channel is being opened");
  });
