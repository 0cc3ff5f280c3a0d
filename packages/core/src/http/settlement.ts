import { z } from "zod";

import { SETTLEMENT_CLAIM } from "../settlement/settlement";
import { amountOut, count, hash32, opaqueId, timestamp, txid, vtxoId } from "./fields";

export const SettlementProcessReply = z
  .object({ message: z.string(), job_id: opaqueId })
  .meta({ id: "SettlementProcess" });

export const SettlementStatusReply = z
  .object({
    settlement_status: z.object({
      total_vtxos: count,
      available_vtxos: count,
      assigned_vtxos: count,
      spent_vtxos: count,
      settled_vtxos: count,
      pending_settlement: count.meta({ description: "Confirmed outputs that no settlement claims yet." }),
    }),
    recent_settlements: z.array(
      z.object({
        txid: txid.meta({ description: "Commitment tx of arkd's batch." }),
        status: z.enum(["committed", "confirmed"]),
        amount_sats: amountOut.meta({ description: "What the treasury put into the batch." }),
        fee_sats: z.int().meta({ description: "What the batch cost." }),
        block_height: z.int().optional(),
        merkle_root: hash32,
        created_at: timestamp,
      }),
    ),
  })
  .meta({ id: "SettlementStatus" });

export const SettlementProofParams = z.object({ vtxo_id: vtxoId });

export const SettlementProofReply = z
  .object({
    vtxo_id: vtxoId,
    amount_sats: amountOut,
    assets: z
      .array(z.object({ asset_id: z.string().meta({ description: "arkd's id, 68 hex." }), amount: amountOut }))
      .meta({ description: "In order of the id, as the leaf has them." }),
    batch_id: opaqueId,
    l1_txid: txid,
    merkle_root: hash32,
    index: count.meta({ description: "Place of the leaf in the tree." }),
    path: z.array(
      z.object({
        side: z.enum(["left", "right"]).meta({ description: "On which side the other hash stands." }),
        hash: hash32,
      }),
    ),
    claim: z.literal(SETTLEMENT_CLAIM),
  })
  .meta({ id: "SettlementProof" });
