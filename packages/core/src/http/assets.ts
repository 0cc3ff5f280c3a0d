import { z } from "zod";

import {
  amount,
  amountOrZero,
  amountOut,
  assetId,
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

export const BalanceParams = z.object({ user_pubkey: pubkey, asset_id: assetId });

const amounts = { balance: amountOut, reserved_balance: amountOut, available_balance: amountOut };

export const BalancesReply = z
  .object({
    balances: z.array(z.object({ asset_id: assetId, ...amounts, last_updated: timestamp })),
    user_pubkey: shortId,
    total_assets: z.int(),
    stale: z.boolean().optional(),
    as_of: timestamp.optional(),
  })
  .meta({ id: "Balances" });

export const BalanceReply = z
  .object({ user_pubkey: pubkeyOut, asset_id: assetId, ...amounts, last_updated: timestamp.optional() })
  .meta({ id: "Balance" });
