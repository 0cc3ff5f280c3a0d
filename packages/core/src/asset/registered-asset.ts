/** registered -> issuing -> active <-> frozen; active -> inactive. */
export type AssetStatus = "registered" | "issuing" | "active" | "frozen" | "inactive";

/** ark: the gateway's own issue. taproot: its circulating units are twins of units that tapd holds. */
export type AssetBacking = "ark" | "taproot";

/** Bounds of one Lightning payment and the price of a carrier, in units. An asset has a Lightning side when all are set. */
export interface AssetUnits {
  /** Price of the sats that an asset lift delivers under its units. */
  readonly carrier: bigint | undefined;
  readonly minLift: bigint | undefined;
  readonly maxLift: bigint | undefined;
  readonly minLand: bigint | undefined;
  readonly maxLand: bigint | undefined;
}

/** A row of the registry; amounts in base units. */
export interface RegisteredAsset {
  readonly id: bigint;
  /** The gateway's name of it, as callers write it: gBTC, gUSD. */
  readonly assetId: string;
  readonly name: string;
  readonly ticker: string;
  readonly assetType: "normal" | "collectible";
  readonly decimalPlaces: number;
  /** The cap; 0 = 2^53-1. */
  readonly totalSupply: bigint;
  /** Units issued at arkd. */
  readonly issued: bigint;
  readonly backing: AssetBacking;
  readonly status: AssetStatus;
  /** arkd's id, 68 hex: what VTXOs and asset packets name. Undefined for gBTC and before the issuance. */
  readonly arkAssetId: string | undefined;
  /** 64 hex. */
  readonly taprootAssetId: string | undefined;
  /** 66 hex. */
  readonly taprootGroupKey: string | undefined;
  readonly units: AssetUnits;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
}
