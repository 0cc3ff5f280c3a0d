import { CloseChannelBody, PlanReply, StartedReply } from "@arkrelay/core/http/admin-lightning";
import { insertJob } from "@arkrelay/core/jobs/insert-job";
import { describeClosing, planClosing } from "@arkrelay/core/lightning/operator-plans";

import { writeRoute } from "../../../http/route";
import { jobOrigin } from "../../jobs/enqueue";
import { assertLightningServes } from "../../lightning/lightning-access";
import { askLnd } from "./ask-lnd";
import { planned, started, toRate } from "./operator-reply";

export const closeChannelRoute = writeRoute({
  method: "POST",
  path: "/admin/lightning/channels/close",
  summary: "Close a channel, as a job; forcing it needs its channel point once more. A dry run shows the plan only",
  auth: ["admin"],
  body: CloseChannelBody,
  integersOnly: true,
  replies: { 200: PlanReply, 202: StartedReply },
})
  .prepare(async ({ deps, body }) => {
    await assertLightningServes(deps);
    const closing = {
      channelPoint: body.channel_point,
      force: body.force,
      satPerVbyte: toRate(body.sat_per_vbyte),
    };
    return body.dry_run ? askLnd(deps, (node) => planClosing(node, closing)) : describeClosing(closing);
  })
  .handle(async (input) => {
    const { deps, tx, body, prepared: plan } = input;
    if (body.dry_run) return planned(plan);
    const job = await insertJob(deps.insertJob, tx, {
      ...jobOrigin(input),
      task: "lightning_channel_close",
      payload: {
        v: 1,
        channelPoint: body.channel_point,
        force: body.force,
        ...(body.sat_per_vbyte !== undefined && { satPerVbyte: body.sat_per_vbyte }),
      },
      dedupeKey: `channel_close:${body.force ? "force" : "together"}:${body.channel_point}`,
      singleFlight: true,
    });
    return started(job, plan, "The channel is being closed");
  });
