import type { InventoryCounts } from "../inventory/judge-inventory";
import type { Freshness } from "./vtxo-store";

/** What the monitor keeps up: sats, and every active asset that an operator has begun to make stock of. */
export interface StockedAsset {
  readonly assetId: string;
  /** arkd's id; undefined for gBTC. */
  readonly arkAssetId: string | undefined;
  /** Of the newest order of it; undefined for gBTC, whose size is configured. */
  readonly size: { readonly amountSats: bigint; readonly units: bigint } | undefined;
}

/** VTXOs of one asset in the mirror, by whom they belong to and what became of them. */
export interface AssetVtxoCounts {
  /** Our name, or arkd's id of what is not registered. */
  readonly assetId: string;
  readonly ticker: string | undefined;
  readonly total: number;
  /** Of the gateway and of users. */
  readonly available: number;
  readonly assigned: number;
  readonly spent: number;
  readonly settled: number;
}

export interface VtxoStatistics {
  /** Live ones. */
  readonly overall: { readonly count: number; readonly valueSats: bigint };
  readonly byAsset: readonly AssetVtxoCounts[];
}

/** The gateway's stock, seen by numbers. */
export interface InventoryStore {
  /** Plain stock when there is no id of arkd's. */
  count(arkAssetId: string | undefined, freshness: Freshness): Promise<InventoryCounts>;
  /** gBTC first. */
  listStocked(): Promise<readonly StockedAsset[]>;
}
