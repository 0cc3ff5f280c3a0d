import { Router } from "express";
import { z } from "zod";

import type { DevnetParts } from "../devnet-parts";
import { invalidField, parseBody } from "./parse-body";
import { XOnlyKey } from "./x-only-key";

const UnrollBody = z.strictObject({ vtxo_id: z.string().regex(/^[0-9a-f]{64}:\d+$/, "must be txid:vout") });
const BanBody = z.strictObject({
  pubkey: XOnlyKey,
  // arkd's own ban lasts this long.
  seconds: z.int().min(0).max(31_536_000).default(300),
});
const sats = z.int().min(-1);
const SettingsBody = z
  .strictObject({
    vtxo_min_sats: sats.optional(),
    vtxo_max_sats: sats.optional(),
    max_tx_weight: z.int().min(1_000).max(400_000).optional(),
    max_op_return_outputs: z.int().min(1).max(100).optional(),
    vtxo_tree_expiry_seconds: z.int().min(60).max(31_536_000).optional(),
    session_duration_seconds: z.int().min(1).max(3_600).optional(),
    intent_input_fee_sats: z.int().min(0).max(100_000).optional(),
  })
  .refine((body) => Object.keys(body).length > 0, "at least one setting");

/** What only arkd's operator, or the chain, could do. */
export function arkdRoutes({ engine }: DevnetParts): Router {
  const router = Router();
  router.post("/arkd/unroll", (req, res) => {
    const { vtxo_id } = parseBody(UnrollBody, req.body);
    if (!engine.state.vtxos.has(vtxo_id)) throw invalidField("vtxo_id", "there is no such VTXO");
    engine.unroll(vtxo_id);
    res.status(204).end();
  });
  router.post("/arkd/ban", (req, res) => {
    const { pubkey, seconds } = parseBody(BanBody, req.body);
    engine.ban(engine.learnOwner(pubkey), seconds);
    res.status(204).end();
  });
  router.post("/arkd/settings", (req, res) => {
    const body = parseBody(SettingsBody, req.body);
    engine.changeSettings({
      ...(body.vtxo_min_sats === undefined ? {} : { vtxoMinSats: body.vtxo_min_sats }),
      ...(body.vtxo_max_sats === undefined ? {} : { vtxoMaxSats: body.vtxo_max_sats }),
      ...(body.max_tx_weight === undefined ? {} : { maxTxWeight: body.max_tx_weight }),
      ...(body.max_op_return_outputs === undefined ? {} : { maxOpReturnOutputs: body.max_op_return_outputs }),
      ...(body.session_duration_seconds === undefined ? {} : { sessionDurationSeconds: body.session_duration_seconds }),
      ...(body.intent_input_fee_sats === undefined ? {} : { intentInputFeeSats: body.intent_input_fee_sats }),
      ...(body.vtxo_tree_expiry_seconds === undefined ? {} : { vtxoTreeExpirySeconds: body.vtxo_tree_expiry_seconds }),
    });
    res.json({ digest: engine.info().digest });
  });
  return router;
}
