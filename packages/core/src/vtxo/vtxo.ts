import type { AssetAmount } from "../ark/asset-types";

/** A row of the mirror of arkd's VTXO set. Owner = taproot script; nothing is "assigned" by editing a row. */
export type VtxoKind = "user" | "treasury" | "stock" | "fee" | "used" | "land";

export type VtxoStatus =
  /** The gateway's, free to be used. */
  | "available"
  /** A user's. */
  | "assigned"
  | "spent"
  | "settled"
  | "expired";

/** Sats themselves: an asset of 1 unit per sat, with the alias BTC. */
export const GBTC = "gBTC";

export interface Vtxo {
  readonly id: bigint;
  /** `txid:vout` */
  readonly vtxoId: string;
  readonly txid: string;
  readonly vout: number;
  readonly scriptId: bigint;
  readonly ownerPubkey: string;
  readonly kind: VtxoKind;
  /** Its one asset by arkd's id, gBTC when it carries sats only, null when it carries several. */
  readonly assetId: string | null;
  readonly amountSats: bigint;
  /** What rides on its sats, in order of arkd's asset id; empty when it carries sats only. */
  readonly assets: readonly AssetAmount[];
  readonly status: VtxoStatus;
  readonly expiresAt: Date | null;
  readonly createdAt: Date;
  readonly commitmentTxids: readonly string[];
  readonly spendingTxid: string | undefined;
  /** Session, `land:…`, `payout:…` or `settlement:…` that holds it; undefined = free. */
  readonly lockedBy: string | undefined;
  /** When the lock may be taken over; undefined while locked = never (the input was handed to arkd). */
  readonly lockedUntil: Date | undefined;
}

/** Units of one asset, by arkd's id, on a VTXO. */
export function unitsOn({ assets }: Pick<Vtxo, "assets">, arkAssetId: string): bigint {
  return assets.find(({ assetId }) => assetId === arkAssetId)?.amount ?? 0n;
}

/** Parameters of a script that was ever handed out: kept for ever, across rotations of arkd's signer. */
export interface VtxoScriptRow {
  readonly id: bigint;
  readonly ownerPubkey: string;
  readonly signerPubkey: string;
  readonly exitDelay: number;
  readonly script: string;
  readonly tapTree: string;
  readonly kind: VtxoKind;
  /** When the mirror of this script was last compared with arkd; undefined = never. */
  readonly syncedAt: Date | undefined;
}
