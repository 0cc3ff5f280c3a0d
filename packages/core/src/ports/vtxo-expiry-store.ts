import type { Vtxo } from "../vtxo/vtxo";
import type { Tx } from "./transactions";

export interface ExpiredVtxos {
  readonly count: number;
  readonly amountSats: bigint;
}

/** The end of a VTXO's life in the mirror. */
export interface VtxoExpiryStore {
  /** Users' live ones that expire after `from` and until `until`, and whose owner was not told; nearest first. */
  listUntold(from: Date, until: Date, limit: number): Promise<readonly Vtxo[]>;
  /** Compare-and-set: false = somebody has told the owner already. */
  markTold(tx: Tx, vtxoId: string, at: Date): Promise<boolean>;
  /** Live ones whose time is over and that nobody has locked become `expired`; at most `limit`. */
  expire(tx: Tx, now: Date, limit: number): Promise<ExpiredVtxos>;
}
