import type { AssetStatus, AssetUnits, RegisteredAsset } from "../asset/registered-asset";
import type { Tx } from "./transactions";

export type NewAsset = Pick<
  RegisteredAsset,
  | "assetId"
  | "name"
  | "ticker"
  | "assetType"
  | "decimalPlaces"
  | "totalSupply"
  | "backing"
  | "taprootAssetId"
  | "taprootGroupKey"
  | "units"
  | "metadata"
>;

/** An absent key stays as it is. */
export interface AssetChange {
  readonly name?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly units?: AssetUnits;
  readonly status?: AssetStatus;
  /** Set once, with the issuance. */
  readonly arkAssetId?: string;
  /** Units at arkd; fewer than before when somebody has burnt some. */
  readonly issued?: bigint;
}

/** Names of assets and what the gateway allows of each. VTXOs and packets know arkd's ids, callers know ours. */
export interface AssetRegistry {
  find(tx: Tx | undefined, assetId: string): Promise<RegisteredAsset | undefined>;
  /** Those of the given arkd ids that are registered, in no order. */
  listByArkIds(tx: Tx | undefined, arkAssetIds: readonly string[]): Promise<readonly RegisteredAsset[]>;
  /** Those backed by units that tapd holds, whatever their status: the units are there all the same. Oldest first. */
  listTaprootBacked(tx: Tx | undefined): Promise<readonly RegisteredAsset[]>;
  /** Those that arkd has units of, whatever their status. Oldest first. */
  listIssued(): Promise<readonly RegisteredAsset[]>;
  /** Status `registered`; undefined = the name is taken. Throws `conflict` when the Taproot Asset is another one's. */
  insert(tx: Tx, asset: NewAsset): Promise<RegisteredAsset | undefined>;
  /** The row, locked until the transaction ends. */
  lock(tx: Tx, assetId: string): Promise<RegisteredAsset | undefined>;
  /** Compare-and-set on the status of the row as read under its lock. */
  update(tx: Tx, asset: RegisteredAsset, change: AssetChange): Promise<RegisteredAsset>;
}
