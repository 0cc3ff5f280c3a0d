import type { Tx } from "./transactions";

/** A VTXO on a script of ours that no transaction of ours made and that the ledger does not have yet. */
export interface UnbookedVtxo {
  readonly vtxoId: string;
  readonly amountSats: bigint;
  /** Of registered assets, by our names of them. */
  readonly units: readonly { readonly assetId: string; readonly amount: bigint }[];
}

/** An ark tx or batch of ours that arkd may have accepted and that is not booked: its inputs still count, its outputs not yet. */
export interface UnbookedTransfers {
  readonly txids: ReadonlySet<string>;
  /** Inputs of theirs that are the gateway's. */
  readonly inputVtxoIds: readonly string[];
}

/** What the ledger's auditors ask of the mirror of the gateway's own VTXOs. */
export interface GatewayVtxoBooks {
  /** Those made by others, oldest first; they may be spent meanwhile. */
  listUnbooked(limit: number): Promise<readonly UnbookedVtxo[]>;
  /** Compare-and-set; false when it was booked already. */
  markBooked(tx: Tx, vtxoId: string): Promise<boolean>;
  /** All rows there are: they are part of the opening balance. */
  markAllBooked(tx: Tx): Promise<void>;
  listUnbookedTransfers(): Promise<UnbookedTransfers>;
  /** Which of these the ledger has. */
  filterBooked(vtxoIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Expired and not spent: arkd does not list them as spendable any more, but they can be recovered. */
  listExpired(limit: number): Promise<readonly string[]>;
}
