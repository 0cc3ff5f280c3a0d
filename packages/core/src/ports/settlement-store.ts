import type { Settlement, SettlementLeaf, SettlementStatus } from "../settlement/settlement";
import type { ArkIntentProof } from "./ark-daemon";
import type { Tx } from "./transactions";

/** An absent key leaves a column, `null` empties it. */
export interface SettlementChange {
  readonly status?: SettlementStatus;
  readonly inputSats?: bigint;
  readonly feeSats?: bigint;
  readonly candidateTxid?: string | null;
  readonly batchScript?: string | null;
  readonly heightHint?: number | null;
  readonly committingAt?: Date | null;
  readonly l1Txid?: string;
  readonly blockHeight?: number;
  readonly merkleRoot?: string;
  readonly vtxoCount?: number;
  readonly totalValueSats?: bigint;
  readonly eventId?: string;
  readonly error?: string;
  readonly confirmedAt?: Date;
}

/** A leaf with the settlement that claims it. */
export interface SettledLeaf {
  readonly settlement: Settlement;
  readonly index: number;
}

export interface SettlementStore {
  /** The one under way. */
  findLive(tx?: Tx): Promise<Settlement | undefined>;
  /** Insert-first: undefined while another one is under way. */
  insert(
    tx: Tx,
    settlement: { readonly batchId: string; readonly moves: number; readonly driverJob: string },
  ): Promise<Settlement | undefined>;
  /** Makes the job the one that drives it, unless another one does that is still to run. */
  claim(tx: Tx, settlement: Settlement, jobId: string): Promise<boolean>;
  /** Compare-and-set on (id, status, version); throws `wrong_state`. */
  move(tx: Tx, settlement: Settlement, change: SettlementChange): Promise<Settlement>;
  /** A committed one whose confirmation takes long makes room for the next; its claim is published whenever it is confirmed. */
  park(tx: Tx, settlement: Settlement): Promise<void>;
  /** Committed, parked and known well enough to be looked for; in another order each time, so that none is passed over for ever. */
  listParked(limit: number): Promise<readonly Settlement[]>;
  /** Those with a commitment that claims something, newest first. */
  listRecent(limit: number): Promise<readonly Settlement[]>;
  /** Replaces the treasury's own intent of a settlement. */
  saveIntent(tx: Tx, settlement: Settlement, intent: ArkIntentProof & { readonly validUntil: Date }): Promise<void>;
  noteIntent(
    tx: Tx,
    settlement: Settlement,
    change: { readonly arkdIntentId?: string; readonly status: string },
  ): Promise<void>;
}

/** settlement_leaves: confirmed outputs, each in at most one settlement. */
export interface SettlementLeafStore {
  /** In the transaction that publishes their 31340, from the mirror's rows; one that is there already stays as it is. */
  insert(tx: Tx, vtxoIds: readonly string[]): Promise<void>;
  /** When the oldest that no settlement claims was confirmed. */
  findOldestPending(): Promise<Date | undefined>;
  countPending(): Promise<number>;
  /** FOR UPDATE: all that no settlement claims. */
  takePending(tx: Tx): Promise<readonly SettlementLeaf[]>;
  /** In the order of the tree. */
  assign(tx: Tx, settlement: Settlement, leaves: readonly SettlementLeaf[]): Promise<void>;
  /** In the order of the tree. */
  list(settlement: Settlement): Promise<readonly SettlementLeaf[]>;
  /** undefined = no settlement claims the VTXO. */
  find(vtxoId: string): Promise<SettledLeaf | undefined>;
}
