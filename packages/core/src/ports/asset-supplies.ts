import type { Tx } from "./transactions";

/** What the daemons had of an asset when they were last asked; undefined = never asked. Units. */
export interface AssetSupply {
  /** At arkd's indexer. */
  readonly arkd: { readonly units: bigint; readonly readAt: Date } | undefined;
  /** On-chain and in channels of tapd, what is unconfirmed or leased included; twins only. */
  readonly tapd: (TwinReading & { readonly readAt: Date }) | undefined;
}

/** What tapd had behind a twin, and where the books stood when it was asked. */
export interface TwinReading {
  readonly units: bigint;
  /** `tapdMark` of the exposure just before: with another one since, the two are of different moments. */
  readonly mark: string;
}

/** What the reserve rule compares beside tapd's units; all in units of the twin. */
export interface TwinExposure {
  /** Outside gateway scripts. */
  readonly circulatingUnits: bigint;
  /** Of payouts that are planned and not final: about to circulate. */
  readonly payoutUnits: bigint;
  /** Received from users and not paid out over Lightning or given back. */
  readonly openLandUnits: bigint;
  /** Received from users for fresh VTXOs that are not paid yet. */
  readonly openRenewalUnits: bigint;
  /** In HTLCs that lifts hold: not tapd's yet, until their settlement is booked. */
  readonly heldLiftUnits: bigint;
  /** Of payouts that deliver lifts whose HTLCs are held for certain: each stands against its own. */
  readonly deliveringUnits: bigint;
  /** Of lifts being settled and lands being paid: nobody can tell yet whether tapd counts them already, or still. */
  readonly movingUnits: bigint;
  /** Another one as soon as something is booked that moves tapd's units. */
  readonly tapdMark: string;
}

export interface AssetSupplies {
  find(assetId: string): Promise<AssetSupply>;
  /** Keeps what is not given. */
  record(
    tx: Tx,
    assetId: string,
    read: { readonly arkdUnits?: bigint; readonly tapd?: TwinReading; readonly deficitUnits?: bigint },
    at: Date,
  ): Promise<void>;
  /** Whether the treasury pays units of an asset right now: what is left of its inputs comes back in a moment. */
  isTreasuryPaying(assetId: string): Promise<boolean>;
  /** As of the transaction; the caller holds the asset's row when it decides by it. */
  readExposure(tx: Tx | undefined, assetId: string): Promise<TwinExposure>;
}
