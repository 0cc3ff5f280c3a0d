import type { WatchSuppliesDeps } from "@arkrelay/core/asset/watch-supplies";
import { DrizzleAssetSupplyStore } from "@arkrelay/db/stores/asset-supply-store";

import type { WorkerConfig } from "./config";
import type { WorkerDeps } from "./deps";
import type { AssetMintDeps } from "./handlers/asset-mint";

/** What issuing, minting and watching assets need, made of what the worker has open. */
export function toAssetDeps(
  { database, ceremony, lnd, tapd, calls }: Pick<WorkerDeps, "database" | "ceremony" | "lnd" | "tapd" | "calls">,
  { lightning: limits }: Pick<WorkerConfig, "lightning">,
): Omit<AssetMintDeps, "attempts"> & WatchSuppliesDeps {
  const { assetCarrierSats: carrierSats, carrierSubsidyDailySats } = limits;
  return {
    ...ceremony,
    lightning: lnd,
    tapd,
    calls,
    supplies: new DrizzleAssetSupplyStore(database),
    assetConfig: { carrierSats, carrierSubsidyDailySats },
  };
}
