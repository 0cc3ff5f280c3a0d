import { z } from "zod";

import {
  amount,
  amountOut,
  assetId,
  heldAssetId,
  cursor,
  limit,
  opaqueId,
  page,
  pubkeyOut,
  shortId,
  timestamp,
  txid,
  vtxoId,
} from "./fields";

export const VtxoStatus = z.enum(["available", "assigned", "spent", "settled", "expired"]);

export const ManagedVtxosQuery = z.object({
  asset_id: heldAssetId.optional(),
  // Kept for older clients: there is no writing GET, so nothing but `list` is left.
  action: z.literal("list").default("list"),
  limit: limit(),
  cursor,
});

export const ManagedVtxosReply = z
  .object({
    vtxo_management: z.object({
      user_pubkey: pubkeyOut,
      vtxos: z.array(
        z.object({
          vtxo_id: vtxoId,
          txid,
          vout: z.int(),
          amount_sats: amountOut,
          asset_id: heldAssetId.nullable().meta({ description: "null when the VTXO carries several assets." }),
          asset_amount: amountOut.nullable(),
          status: VtxoStatus,
          locked: z.boolean(),
          expires_at: timestamp.nullable(),
        }),
      ),
      total_available: z.int(),
      total_assigned: z.int(),
    }),
    user_pubkey: pubkeyOut,
    ...page,
  })
  .meta({ id: "ManagedVtxos" });

export const UserVtxosQuery = z.object({
  asset_id: heldAssetId.optional(),
  status: VtxoStatus.default("assigned"),
  limit: limit(),
  cursor,
});

export const UserVtxosReply = z
  .object({
    vtxos: z.array(
      z.object({
        vtxo_id: vtxoId,
        asset_id: heldAssetId.nullable(),
        amount_sats: amountOut,
        asset_amount: amountOut.nullable(),
        status: VtxoStatus,
        created_at: timestamp,
        expires_at: timestamp.nullable(),
      }),
    ),
    user_pubkey: shortId,
    asset_filter: heldAssetId.nullable(),
    ...page,
  })
  .meta({ id: "UserVtxos" });

export const VtxoBatchBody = z
  .object({
    asset_id: assetId,
    count: z.int().min(1).max(1_000),
    amount_sats: amount.optional().meta({ description: "Sats of each VTXO: 100000 of gBTC, 1000 under units." }),
    asset_amount: amount.optional().meta({ description: "Units on each VTXO: of every asset but gBTC." }),
  })
  .meta({ id: "VtxoBatch" });

export const VtxoBatchReply = z
  .object({ message: z.string(), job_id: opaqueId, asset_id: assetId, count: z.int() })
  .meta({ id: "StartedVtxoBatch" });
