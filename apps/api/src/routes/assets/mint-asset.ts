import { assertMintable, assertReserve, assertSupply, judgeReserve } from "@arkrelay/core/asset/check-mint";
import { AppError } from "@arkrelay/core/errors";
import { AssetParams, MintBody, MintReply, MintResult } from "@arkrelay/core/http/assets";
import { insertJob } from "@arkrelay/core/jobs/insert-job";

import { writeRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";
import { jobOrigin } from "../jobs/enqueue";
import { shorten } from "../short-id";

export const mintAssetRoute = writeRoute({
  method: "POST",
  path: "/assets/:asset_id/mint",
  summary: "Hand units of an asset to a user, as a job; the first mint issues the whole cap to the treasury",
  auth: ["admin"],
  params: AssetParams,
  body: MintBody,
  integersOnly: true,
  replies: { 200: MintReply, 202: MintReply },
})
  .prepare(async ({ deps, params }) => {
    const asset = await deps.admin.assets.find(undefined, toAssetId(params.asset_id));
    return asset?.backing === "taproot" ? deps.daemons.findTwin(asset) : undefined;
  })
  .handle(
    async (input) => {
      const { deps, tx, params, body, prepared: reading } = input;
      const asset = await deps.admin.assets.lock(tx, toAssetId(params.asset_id));
      if (asset === undefined) throw new AppError("not_found");
      assertMintable(asset);
      // What is plainly too much is refused here; the job judges again when it hands out, and asks a tapd that did not answer now.
      const wanted = { units: BigInt(body.amount), reserveUnits: BigInt(body.reserve_amount) };
      const exposure = await deps.admin.supplies.readExposure(tx, asset.assetId);
      assertSupply(asset, exposure, wanted);
      if (reading !== undefined && judgeReserve(exposure, reading, wanted) === "short") {
        assertReserve(asset, exposure, reading, wanted);
      }
      const { jobId, wakes } = await insertJob(deps.insertJob, tx, {
        ...jobOrigin(input),
        task: "asset_mint",
        payload: {
          v: 1,
          assetId: asset.assetId,
          userPubkey: body.user_pubkey,
          amount: body.amount,
          reserveAmount: body.reserve_amount,
        },
      });
      return {
        status: 202,
        body: {
          message: "The mint is queued",
          job_id: jobId,
          result: {
            asset_id: asset.assetId,
            user_pubkey: shorten(body.user_pubkey),
            amount_minted: body.amount,
            reserve_amount: body.reserve_amount,
            new_balance: null,
            status: "queued",
          },
        },
        headers: { location: `/jobs/${jobId}` },
        wakes,
      };
    },
    {
      look: async ({ deps }, given) => {
        const answer = MintReply.parse(given);
        const job = await deps.jobs.findByJobId(answer.job_id);
        if (job?.status !== "completed") return undefined;
        const result = { ...answer.result, ...MintResult.parse(job.resultData), status: "completed" as const };
        return { status: 200, body: { ...answer, message: "The units are the user's", result } };
      },
    },
  );
