import { z } from "zod";

import { SPLIT_PARTS_MAX, SPLIT_PARTS_MIN } from "../nostr/intent-content";
import {
  amount,
  amountOrZero,
  amountOut,
  assetId,
  heldAssetId,
  cursor,
  limit,
  opaqueId,
  page,
  pubkey,
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

export const RenewBody = z
  .object({
    user_pubkey: pubkey,
    vtxo_ids: z.array(vtxoId).min(1).max(20).meta({ description: "All alive, with a day left." }),
  })
  .meta({ id: "Renew" });

export const RenewReply = z
  .object({
    message: z.string(),
    session_id: opaqueId,
    way: z.enum(["transfer", "recover"]).meta({
      description:
        "transfer: the user signs twice, fresh VTXOs come back. recover (swept VTXOs): it signs one proof, the next batch gives them back.",
    }),
    job_id: opaqueId.optional(),
    txid: txid.optional().meta({ description: "Planned transfer to the gateway; left out before it is planned." }),
    outputs: z
      .array(
        z.object({
          amount_sats: amountOut,
          assets: z.array(z.object({ asset_id: heldAssetId, amount: amountOut })),
        }),
      )
      .meta({ description: "What comes back, as far as the VTXOs are known." }),
  })
  .meta({ id: "StartedRenewal" });
export type RenewReply = z.output<typeof RenewReply>;

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

export const SplitVtxoBody = z
  .object({
    user_pubkey: pubkey,
    vtxo_id: vtxoId,
    split_amounts: z
      .array(amount)
      .min(SPLIT_PARTS_MIN)
      .max(SPLIT_PARTS_MAX)
      .meta({ description: "Base units of the asset, one new VTXO each." }),
    asset_id: assetId
      .optional()
      .meta({ description: "Left out: what the VTXO carries, as long as that is one asset." }),
    fee_asset_id: assetId.optional(),
    fee_amount: amountOrZero.optional(),
  })
  .meta({ id: "SplitVtxo" });

const splitOutput = z.object({ vtxo_id: vtxoId, amount: amountOut, asset_id: heldAssetId });

export const SplitVtxoReply = z
  .object({
    message: z.string(),
    session_id: opaqueId,
    job_id: opaqueId.optional().meta({ description: "The VTXO sync that the split waits for." }),
    txid: txid.nullable().meta({ description: "Planned; null while the VTXOs are being read." }),
    outputs: z
      .array(splitOutput)
      .meta({ description: "The parts in their order; empty as long as nothing is planned." }),
    change: splitOutput.optional().meta({ description: "What is left, of the split asset or of sats." }),
    fee: z.object({ asset_id: assetId, amount: amountOut }),
  })
  .meta({ id: "StartedSplit" });
