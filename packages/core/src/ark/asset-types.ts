/** Shapes of arkd's own assets. Amounts are base units, uint64 at arkd. */

/** Units of one asset, as they ride on a VTXO. */
export interface AssetAmount {
  /** arkd's id, 68 hex. */
  readonly assetId: string;
  readonly amount: bigint;
}

/** The asset packet of a transaction: its groups, one per asset, in their order on the wire. */
export type AssetPacket = readonly AssetGroup[];

/** What one transaction does with one asset. */
export interface AssetGroup {
  /** Undefined = the group issues a new asset, whose id is the transaction and the group's position. */
  readonly assetId: string | undefined;
  /** Who may issue more of it later; only an issuance names one. */
  readonly controlAsset: ControlAsset | undefined;
  readonly metadata: readonly AssetMetadata[];
  readonly inputs: readonly AssetInput[];
  readonly outputs: readonly AssetOutput[];
}

/** An asset that exists, or one that another group of the same packet issues. */
export type ControlAsset =
  | { readonly by: "id"; readonly assetId: string }
  | { readonly by: "group"; readonly groupIndex: number };

/** Free text of the issuer; known keys are name, ticker, decimals and icon. */
export interface AssetMetadata {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Units of an input of the ark tx (input i = checkpoint i), or, in the leaf of a batch, of an intent. */
export type AssetInput =
  | { readonly from: "tx"; readonly vin: number; readonly amount: bigint }
  | { readonly from: "intent"; readonly txid: string; readonly vin: number; readonly amount: bigint };

export interface AssetOutput {
  readonly vout: number;
  readonly amount: bigint;
}

/** A new asset: all its units go to one output. Without a control asset nobody can ever issue more of it. */
export interface AssetIssuance {
  readonly vout: number;
  readonly amount: bigint;
  readonly metadata: readonly { readonly key: string; readonly value: string }[];
}
