import type { RegisteredAsset } from "../asset/registered-asset";
import type { Tx } from "./transactions";

/** Names of assets and what the gateway allows of each. VTXOs and packets know arkd's ids, callers know ours. */
export interface AssetRegistry {
  find(tx: Tx | undefined, assetId: string): Promise<RegisteredAsset | undefined>;
  /** Those of the given arkd ids that are registered, in no order. */
  listByArkIds(tx: Tx | undefined, arkAssetIds: readonly string[]): Promise<readonly RegisteredAsset[]>;
  /** Those backed by units that tapd holds, whatever their status: the units are there all the same. Oldest first. */
  listTaprootBacked(tx: Tx | undefined): Promise<readonly RegisteredAsset[]>;
}
