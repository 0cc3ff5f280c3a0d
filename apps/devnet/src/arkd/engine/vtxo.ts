/** Units of one asset; arkd's uint64. */
export interface AssetAmount {
  /** 68 hex: txid of the issuance and the group's index in it. */
  readonly assetId: string;
  readonly amount: bigint;
}

/** A VTXO as arkd's database keeps it. Sats are bigint, times are unix seconds unless the name says ms. */
export interface Vtxo {
  readonly vtxoId: string;
  readonly txid: string;
  readonly vout: number;
  readonly amountSats: bigint;
  /** Output script, hex (5120…; also for sub-dust outputs, whose VTXO script is the one that was pooled). */
  readonly script: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly commitmentTxids: readonly string[];
  readonly isPreconfirmed: boolean;
  readonly depth: number;
  /** What rides on its sats. */
  readonly assets: readonly AssetAmount[];
  isSwept: boolean;
  isUnrolled: boolean;
  /** Checkpoint txid; "" while unspent. Set at acceptance already, as arkd does. */
  spentBy: string;
  settledBy: string;
  /** Ark tx that spends it; "" while unspent. */
  arkTxid: string;
  updatedAtMs: number;
}

export function isSpent(vtxo: Vtxo): boolean {
  return vtxo.spentBy !== "" || vtxo.settledBy !== "";
}

export function isSpendable(vtxo: Vtxo): boolean {
  return !isSpent(vtxo) && !vtxo.isSwept && !vtxo.isUnrolled;
}

export function toVtxoId(txid: string, vout: number): string {
  return `${txid}:${vout}`;
}
