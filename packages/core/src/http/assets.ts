import { z } from "zod";

import {
  amount,
  amountOrZero,
  amountOut,
  asciiText,
  assetId,
  heldAssetId,
  count,
  cursor,
  jsonObject,
  limit,
  opaqueId,
  page,
  pubkey,
  pubkeyOut,
  queryFlag,
  shortId,
  timestamp,
  txid,
  vtxoId,
} from "./fields";

const assetFields = {
  asset_id: assetId,
  name: z.string(),
  ticker: z.string(),
  asset_type: z.enum(["normal", "collectible"]),
  decimal_places: z.int(),
  total_supply: amountOut.meta({ description: "The cap, base units." }),
  status: z.string(),
  is_active: z.boolean(),
  total_circulating: amountOut.meta({ description: "Units outside gateway scripts." }),
  created_at: timestamp,
};

export const AssetListQuery = z.object({ active_only: queryFlag.default(true), limit: limit(), cursor });

export const AssetListReply = z
  .object({ assets: z.array(z.object(assetFields)), active_only: z.boolean(), ...page })
  .meta({ id: "AssetList" });

export const AssetParams = z.object({ asset_id: assetId });

const unitCap = amountOut.optional();

export const AssetReply = z
  .object({
    ...assetFields,
    total_reserved: amountOut,
    available_supply: amountOut.meta({ description: "Cap less circulating." }),
    carrier_units: unitCap,
    min_lift_units: unitCap,
    max_lift_units: unitCap,
    min_land_units: unitCap,
    max_land_units: unitCap,
    ark_asset_id: z.string().optional(),
    taproot_asset_id: z.string().optional(),
    metadata: jsonObject,
  })
  .meta({ id: "Asset" });

const unitLimits = {
  carrier_units: amount.optional().meta({ description: "Price of the sats that come with a lift of the asset." }),
  min_lift_units: amount.optional(),
  max_lift_units: amount.optional(),
  min_land_units: amount.optional(),
  max_land_units: amount.optional(),
};

const assetName = z.string().min(1).max(100);

export const CreateAssetBody = z
  .object({
    asset_id: assetId,
    name: assetName,
    ticker: asciiText(20).min(1),
    asset_type: z.enum(["normal", "collectible"]).default("normal"),
    decimal_places: z.int().min(0).max(18).default(8),
    total_supply: amountOrZero.default(0).meta({ description: "The cap, base units; 0 = 2^53-1." }),
    backing: z.enum(["ark", "taproot"]).default("ark"),
    taproot_asset_id: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex")
      .optional(),
    taproot_group_key: z
      .string()
      .regex(/^0[23][0-9a-f]{64}$/, "must be a compressed key, 66 lower-case hex")
      .optional(),
    ...unitLimits,
    metadata: jsonObject.default({}),
  })
  .meta({ id: "CreateAsset" });

/** Strict: cap and backing never change, so a body that names them is refused. */
export const UpdateAssetBody = z
  .strictObject({
    name: assetName.optional(),
    metadata: jsonObject.optional(),
    ...unitLimits,
    status: z.enum(["active", "inactive"]).optional().meta({ description: "active ends a freeze." }),
  })
  .meta({ id: "UpdateAsset" });

const WrittenAsset = z.object({
  asset_id: assetId,
  name: z.string(),
  ticker: z.string(),
  asset_type: z.enum(["normal", "collectible"]),
  decimal_places: z.int(),
  total_supply: amountOut,
  backing: z.enum(["ark", "taproot"]),
  status: z.string(),
  is_active: z.boolean(),
  carrier_units: unitCap,
  min_lift_units: unitCap,
  max_lift_units: unitCap,
  min_land_units: unitCap,
  max_land_units: unitCap,
  taproot_asset_id: z.string().optional(),
  taproot_group_key: z.string().optional(),
  asset_metadata: jsonObject,
  created_at: timestamp,
});

export const CreateAssetReply = z.object({ message: z.string(), asset: WrittenAsset }).meta({ id: "CreatedAsset" });

export const UpdateAssetReply = z.object({ asset: WrittenAsset }).meta({ id: "UpdatedAsset" });

export const MintBody = z
  .object({
    user_pubkey: pubkey,
    amount,
    reserve_amount: amountOrZero
      .default(0)
      .meta({ description: "Units that must be left afterwards: of the supply, and of a twin's reserve." }),
  })
  .meta({ id: "Mint" });

export const MintReply = z
  .object({
    message: z.string(),
    job_id: opaqueId,
    result: z.object({
      asset_id: assetId,
      user_pubkey: shortId,
      amount_minted: amountOut,
      reserve_amount: amountOut,
      new_balance: amountOut.nullable().meta({ description: "null until it is done." }),
      status: z.enum(["queued", "completed"]),
      txid: txid.optional(),
      vtxo_id: vtxoId.optional(),
    }),
  })
  .meta({ id: "StartedMint" });

/** `result_data` of a mint's job, as far as the route repeats it. */
export const MintResult = z.object({ new_balance: amountOut, txid, vtxo_id: vtxoId });

const sums = {
  total_balance_sum: amountOut,
  total_reserved_sum: amountOut,
  total_available_sum: amountOut,
};

export const AssetStatsReply = z
  .object({
    stats: z.object({
      assets: z.object({ total: count, active: count, inactive: count }),
      balances: z
        .object({
          total_balances: count.meta({ description: "Pairs of a key and an asset that it owns some of." }),
          by_asset: z.array(z.object({ asset_id: assetId, ...sums })),
          ...sums,
        })
        .meta({ description: "Amounts of different assets are never added: the flat sums are gBTC." }),
      vtxos: z.object({
        total: count,
        available: count,
        assigned: count,
        spent: count,
        expired: count,
        settled: count,
      }),
      top_assets: z.array(z.object({ asset_id: assetId, holders: count, total: amountOut })),
    }),
  })
  .meta({ id: "AssetStats" });

export const AssetReserveReply = z
  .object({
    reserve_requirements: z.object({
      asset_id: assetId,
      total_circulation: amountOut,
      current_reserve: amountOut,
      required_reserve: amountOut,
      reserve_ratio: z.number(),
      reserve_deficit: amountOut,
      reserve_health: z.enum(["good", "deficient"]),
      backing: z.enum(["ark", "taproot"]),
      as_of: timestamp,
    }),
  })
  .meta({ id: "AssetReserve" });

export const TransferBody = z
  .object({
    sender_pubkey: pubkey,
    recipient_pubkey: pubkey,
    asset_id: assetId,
    amount,
    fee_asset_id: assetId.optional(),
    fee_amount: amountOrZero.optional(),
  })
  .refine((body) => body.sender_pubkey !== body.recipient_pubkey, {
    path: ["recipient_pubkey"],
    message: "must differ from sender_pubkey",
  })
  .meta({ id: "Transfer" });

export const TransferReply = z
  .object({
    message: z.string(),
    session_id: opaqueId,
    job_id: opaqueId.optional().meta({ description: "The VTXO sync that the transfer waits for." }),
    result: z.object({
      asset_id: assetId,
      sender: shortId,
      recipient: shortId,
      amount: amountOut,
      fee_asset_id: assetId,
      fee_amount: amountOut,
      status: z.literal("pending_signatures"),
      txid: txid.nullable().meta({ description: "Planned; null while the VTXOs are being read." }),
    }),
  })
  .meta({ id: "StartedTransfer" });

export const BalanceParams = z.object({ user_pubkey: pubkey, asset_id: heldAssetId });

const amounts = { balance: amountOut, reserved_balance: amountOut, available_balance: amountOut };

export const BalancesReply = z
  .object({
    balances: z.array(z.object({ asset_id: heldAssetId, ...amounts, last_updated: timestamp })),
    user_pubkey: shortId,
    total_assets: z.int(),
    stale: z.boolean().optional(),
    as_of: timestamp.optional(),
  })
  .meta({ id: "Balances" });

export const BalanceReply = z
  .object({ user_pubkey: pubkeyOut, asset_id: heldAssetId, ...amounts, last_updated: timestamp.optional() })
  .meta({ id: "Balance" });
