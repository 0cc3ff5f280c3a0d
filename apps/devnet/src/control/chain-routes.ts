import { Router } from "express";
import { z } from "zod";

import { FUNDED_OUTPUTS_MAX } from "../arkd/engine/fund-scripts";
import type { DevnetParts } from "../devnet-parts";
import { invalidField, parseBody } from "./parse-body";
import { XOnlyKey } from "./x-only-key";

/** 21 million bitcoin. */
const SATS_MAX = 2_100_000_000_000_000;
const TEN_YEARS_SECONDS = 315_360_000;
const BLOCKS_MAX = 100_000;

const FaucetBody = z.strictObject({
  pubkey: XOnlyKey,
  amount_sats: z.int().positive().max(SATS_MAX),
  count: z.int().min(1).max(FUNDED_OUTPUTS_MAX).default(1),
  /** arkd's own id. Names belong to the gateway's registry, which devnet does not see. */
  asset_id: z
    .string()
    .regex(/^(?!0{64})[0-9a-f]{68}$/, "must be an asset id of arkd: 68 lower-case hex characters")
    .optional(),
  asset_amount: z.int().positive().optional(),
});
const MineBody = z.strictObject({ blocks: z.int().min(1).max(BLOCKS_MAX).default(1) });
const AdvanceBody = z.strictObject({ seconds: z.int().min(1).max(TEN_YEARS_SECONDS) });

/** Coins, blocks and time. */
export function chainRoutes({ engine, lndEngine, clock }: DevnetParts): Router {
  const router = Router();
  router.post("/faucet", (req, res) => {
    const { pubkey, amount_sats, count, asset_id, asset_amount } = parseBody(FaucetBody, req.body);
    const { dustSats } = engine.state.settings;
    if (amount_sats < dustSats) throw invalidField("amount_sats", `must be at least ${dustSats}, the dust limit`);
    if (amount_sats * count > SATS_MAX) throw invalidField("count", "the sum is more than all bitcoin there will be");
    if (asset_id === undefined && asset_amount !== undefined) throw invalidField("asset_id", "must name the asset");
    if (asset_id !== undefined && asset_amount === undefined) throw invalidField("asset_amount", "must say how much");
    const assets = asset_id === undefined ? [] : [{ assetId: asset_id, amount: BigInt(asset_amount ?? 0) }];
    const { txid, vtxoIds } = engine.fund(pubkey, BigInt(amount_sats), count, assets);
    res.json({ vtxo_ids: vtxoIds, txid });
  });
  router.post("/mine", (req, res) => {
    const height = engine.mine(parseBody(MineBody, req.body).blocks);
    lndEngine.syncToHeight(height);
    res.json({ height });
  });
  router.post("/clock/advance", (req, res) => {
    engine.advanceClock(parseBody(AdvanceBody, req.body).seconds);
    lndEngine.sweep();
    res.json({ now: clock.nowSeconds(), median_time: clock.medianTime() });
  });
  return router;
}
