/** The operator's levels, in VTXOs of one asset. */
export interface InventoryLevels {
  /** `dev` looks at utilization too; `prod` fills in steps, and below `warning` only while fees are low. */
  readonly profile: "dev" | "prod";
  readonly critical: number;
  readonly warning: number;
  readonly target: number;
  /** VTXOs of one order at most. */
  readonly batch: number;
  /** Of `dev`: users' share of all, 0 to 1. */
  readonly maxUtilization: number;
  /** Of `prod`: on-chain fee rate from which a warning alone makes no stock. */
  readonly maxSatPerVbyte: number;
  /** Co-inputs that are kept free. */
  readonly feeVtxos: number;
}

export interface InventoryCounts {
  /** Of the gateway, free and fresh enough to be paid out. */
  readonly available: number;
  /** Of users. */
  readonly assigned: number;
}

export interface InventoryVerdict {
  readonly level: "ok" | "warning" | "critical";
  readonly total: number;
  /** Users' share of the total, 0 to 1. */
  readonly utilization: number;
  /** VTXOs to be made now; 0 = none. */
  readonly wanted: number;
}

/** In `dev` an order leaves this share of the total beyond the deficit, so that it is not needed again at once. */
const DEV_MARGIN = 0.2;

/** Whether stock of an asset runs low, and how much is to be made. */
export function judgeInventory(
  { available, assigned }: InventoryCounts,
  levels: InventoryLevels,
  satPerVbyte: number,
): InventoryVerdict {
  const total = available + assigned;
  const utilization = total === 0 ? 0 : assigned / total;
  const level = available < levels.critical ? "critical" : available < levels.warning ? "warning" : "ok";
  const deficit = Math.max(0, levels.target - available);
  const isWanted =
    levels.profile === "dev"
      ? level !== "ok" || utilization > levels.maxUtilization || total < levels.critical
      : level === "critical" || (level === "warning" && satPerVbyte < levels.maxSatPerVbyte);
  const margin = levels.profile === "dev" ? Math.ceil(total * DEV_MARGIN) : 0;
  return { level, total, utilization, wanted: isWanted ? Math.min(levels.batch, deficit + margin) : 0 };
}

/**
 * Co-inputs to be made: every ceremony uses one up until the settlement batch, so that a low number is filled to twice what is kept
 * free, or by a whole order where that is more.
 */
export function judgeFeeVtxos(free: number, levels: InventoryLevels): InventoryVerdict {
  const { feeVtxos, batch } = levels;
  const level = free * 2 < feeVtxos ? "critical" : free < feeVtxos ? "warning" : "ok";
  const wanted = level === "ok" ? 0 : Math.min(FEE_ORDER_MAX, Math.max(batch, 2 * feeVtxos - free));
  return { level, total: free, utilization: 0, wanted };
}

/** What one order holds. */
const FEE_ORDER_MAX = 1_000;
