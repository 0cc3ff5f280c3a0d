import { z } from "zod";

import { amount, amountOut, assetId, count, opaqueId, pubkey, pubkeyOut, vtxoId } from "./fields";

export const AssignBody = z
  .object({
    user_pubkey: pubkey,
    asset_id: assetId,
    amount_needed: amount.meta({ description: "Base units that the user gets; sats of gBTC." }),
  })
  .meta({ id: "VtxoAssign" });

export const AssignReply = z
  .object({
    message: z.string(),
    job_id: opaqueId,
    vtxo_id: vtxoId.meta({ description: "What the user gets; final before it is signed." }),
    vtxos: z.array(z.object({ vtxo_id: vtxoId, amount: amountOut })),
    change_amount: amountOut.meta({ description: "What goes back to the gateway of the coins that were taken." }),
    user_pubkey: pubkeyOut,
    asset_id: assetId,
    amount_sats: amountOut.meta({ description: "Sats on the VTXO: the amount of gBTC, the carrier under units." }),
  })
  .meta({ id: "AssignedVtxo" });

export const InventoryLevel = z.enum(["ok", "warning", "critical"]);

export const InventoryReply = z
  .object({
    inventory_status: z.object({
      asset_id: assetId,
      available_vtxos: count,
      assigned_vtxos: count,
      total_vtxos: count,
      utilization: z.number().min(0).max(1).meta({ description: "Assigned of all; 0 when there are none." }),
      needs_replenishment: z.boolean(),
      level: InventoryLevel,
      target: count,
    }),
  })
  .meta({ id: "InventoryStatus" });

export const VtxoStatsReply = z
  .object({
    vtxo_statistics: z.object({
      overall: z.object({ total_vtxos: count, total_value_sats: amountOut, average_vtxo_value: amountOut }),
      by_asset: z.array(
        z.object({
          asset_id: z.string(),
          ticker: z.string().nullable(),
          total_vtxos: count,
          available_vtxos: count,
          assigned_vtxos: count,
          spent_vtxos: count,
          settled_vtxos: count,
          utilization_rate: z
            .number()
            .min(0)
            .max(100)
            .meta({ description: "Percent of the live ones that are users'." }),
        }),
      ),
    }),
  })
  .meta({ id: "VtxoStatistics" });

export const MonitorSwitchReply = z
  .object({ message: z.string(), desired_state: z.enum(["running", "stopped"]) })
  .meta({ id: "InventoryMonitorSwitch" });

export const MonitorStatusReply = z
  .object({
    monitoring_status: z.object({
      inventory_monitoring: z.boolean(),
      settlement_service: z.boolean(),
      overall_status: z.enum(["running", "stopped"]),
    }),
  })
  .meta({ id: "InventoryMonitorStatus" });

export const MarkSpentBody = z
  .object({ vtxo_id: vtxoId, spending_txid: z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex") })
  .meta({ id: "MarkVtxoSpent" });

export const MarkSpentReply = z
  .object({ message: z.string(), job_id: opaqueId, vtxo_id: vtxoId, spending_txid: z.string() })
  .meta({ id: "MarkedVtxoSpent" });

export const VtxoCleanupReply = z.object({ message: z.string(), cleaned_count: count }).meta({ id: "CleanedVtxos" });

export const AssetCleanupReply = z
  .object({
    message: z.string(),
    result: z.object({ cleaned_vtxos: count, total_amount_sats: amountOut }),
  })
  .meta({ id: "CleanedAssetVtxos" });
