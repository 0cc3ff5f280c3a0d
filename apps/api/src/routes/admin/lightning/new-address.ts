import { z } from "zod";

import { NewAddressBody, NewAddressReply, NewAddressStartedReply } from "@arkrelay/core/http/admin-lightning";
import { insertJob } from "@arkrelay/core/jobs/insert-job";

import { writeRoute } from "../../../http/route";
import { jobOrigin } from "../../jobs/enqueue";
import { assertLightningServes } from "../../lightning/lightning-access";

const MadeAddress = z.object({ address: z.string() });

/** A wallet answers at once when it answers at all. */
const WAIT_SECONDS = 5;

export const newAddressRoute = writeRoute({
  method: "POST",
  path: "/admin/lightning/new-address",
  summary: "A new address of lnd's wallet",
  auth: ["admin"],
  body: NewAddressBody,
  replies: { 200: NewAddressReply, 202: NewAddressStartedReply },
})
  .prepare(({ deps }) => assertLightningServes(deps))
  .handle(
    async (input) => {
      const { deps, tx, body } = input;
      const { jobId, wakes } = await insertJob(deps.insertJob, tx, {
        ...jobOrigin(input),
        task: "lightning_new_address",
        payload: { v: 1, type: body.type },
      });
      return {
        status: 202,
        body: { message: "The address is being made", job_id: jobId },
        headers: { location: `/jobs/${jobId}` },
        wakes,
      };
    },
    {
      byDefaultSeconds: WAIT_SECONDS,
      look: async ({ deps }, given) => {
        const { job_id: jobId } = NewAddressStartedReply.parse(given);
        const made = MadeAddress.safeParse((await deps.jobs.findByJobId(jobId))?.resultData).data;
        if (made === undefined) return undefined;
        const { address } = made;
        return { status: 200, body: { message: "New address", job_id: jobId, address } };
      },
    },
  );
