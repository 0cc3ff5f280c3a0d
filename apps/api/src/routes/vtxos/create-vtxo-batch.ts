import type { z } from "zod";

import { getActiveAsset } from "@arkrelay/core/asset/active-asset";
import { AppError } from "@arkrelay/core/errors";
import { invalidField } from "@arkrelay/core/http/request-error";
import { VtxoBatchBody, VtxoBatchReply } from "@arkrelay/core/http/vtxos";
import { replenishmentKey } from "@arkrelay/core/inventory/replenish-inventory";
import { insertJob } from "@arkrelay/core/jobs/insert-job";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import type { InventorySettings } from "../../api-deps";
import { writeRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";
import { jobOrigin } from "../jobs/enqueue";

export const createVtxoBatchRoute = writeRoute({
  method: "POST",
  path: "/vtxos/batch/create",
  summary: "Make VTXOs of the gateway's stock out of its treasury, as a job; one of each asset at a time",
  auth: ["admin"],
  body: VtxoBatchBody,
  integersOnly: true,
  replies: { 202: VtxoBatchReply },
}).handle(async (input) => {
  const { deps, tx, body } = input;
  const { assetId } = await getActiveAsset(deps.admin.assets, toAssetId(body.asset_id));
  const { jobId, wakes } = await insertJob(deps.insertJob, tx, {
    ...jobOrigin(input),
    task: "process_vtxo_replenishment",
    payload: { v: 1, kind: "stock", assetId, count: body.count, ...amountsOf(assetId, body, deps.settings.inventory) },
    dedupeKey: replenishmentKey({ kind: "stock", assetId }),
    singleFlight: true,
  });
  // Only a new job has something to wake.
  if (wakes.length === 0) {
    const message = "Stock of the asset is being made already.";
    throw new AppError("conflict", { message, details: { job_id: jobId } });
  }
  return {
    status: 202,
    body: { message: "The VTXOs are being made", job_id: jobId, asset_id: assetId, count: body.count },
    headers: { location: `/jobs/${jobId}` },
    wakes,
  };
});

/** What each VTXO gets. Stock of an asset without units would be stock of gBTC, and sats are no units. */
function amountsOf(assetId: string, body: z.output<typeof VtxoBatchBody>, settings: InventorySettings) {
  const isSats = assetId === GBTC;
  const { amount_sats: amountSats = isSats ? settings.batchSats : settings.carrierSats, asset_amount: units } = body;
  if (amountSats < settings.vtxoMinSats) {
    throw new AppError("amount_below_minimum", { details: { minimum: settings.vtxoMinSats } });
  }
  if (isSats && units !== undefined) throw invalidField("asset_amount", "is of other assets than gBTC");
  if (!isSats && units === undefined) throw invalidField("asset_amount", "is needed for an asset");
  return { amountSats, assetAmount: units ?? 0 };
}
