import type { InventoryLook } from "../inventory/replenish-inventory";
import type { Alert } from "./alert";

/** Share of the target below which there is too little. */
const RATIO_MIN = 0.2;
/** A fan-out is through in seconds; what stands longer than this does not mend itself. */
export const INVENTORY_LOW_MS = 300_000;

/** Whether there is too little of an asset, or of co-inputs. */
export function isInventoryLow({ available, target }: Pick<InventoryLook, "available" | "target">): boolean {
  return available < target * RATIO_MIN;
}

export function judgeInventoryLow(look: InventoryLook, lowSince: Date): Alert {
  const { assetId, kind, available, target, level } = look;
  const what = kind === "fee" ? "co-inputs, which every transfer takes one of" : `stock of ${assetId}`;
  return {
    name: "vtxo_inventory_low",
    severity: level === "critical" ? "critical" : "medium",
    subject: `${kind}:${assetId}`,
    message: `the gateway has too few VTXOs: ${what}`,
    details: {
      asset_id: assetId,
      kind,
      available,
      target,
      ratio: Math.round((100 * available) / target) / 100,
      low_since: lowSince.toISOString(),
    },
    action:
      "They are made out of the treasury by jobs of type vtxo_replenishment: look at the newest of them. Mostly the treasury has too little, or is too near its expiry and waits for the settlement batch.",
  };
}
