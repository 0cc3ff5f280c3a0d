import type { VtxoScriptInfo } from "../ark/types";
import type { Vtxo, VtxoKind, VtxoScriptRow, VtxoStatus } from "../vtxo/vtxo";
import type { ArkVtxo } from "./ark-daemon";
import type { Tx } from "./transactions";

export interface BalanceRow {
  /** gBTC, or an asset by arkd's id. */
  readonly assetId: string;
  readonly balance: bigint;
  /** What of it stands on locked VTXOs. */
  readonly reserved: bigint;
  /** gBTC: unlocked VTXOs whose sats carry assets, see `availableBalance`; 0 for every other asset. */
  readonly freeCarriers: number;
  /** VTXOs it stands on. */
  readonly vtxoCount: number;
  /** When the newest of these VTXOs was read from arkd or booked. */
  readonly seenAt: Date;
}

export interface VtxoFilter {
  readonly ownerPubkey: string;
  /** gBTC = those that carry nothing else; an asset by arkd's id = all that carry it. */
  readonly assetId?: string;
  readonly status?: VtxoStatus;
  /** Leaves spent and settled rows out. */
  readonly liveOnly?: boolean;
  /** Rows that were made, spent, settled or swept since then; their locks may have changed before and after. */
  readonly changedSince?: Date;
}

/** How much of its life a VTXO of the gateway's must have left. */
export interface Freshness {
  readonly minExpiresAt: Date;
  /** When given: at this time so many percent of the life it was made with are left, too. */
  readonly lifeLeft?: { readonly at: Date; readonly percent: number };
}

export interface GatewayVtxoQuery extends Freshness {
  readonly kind: VtxoKind;
  /** The one asset they carry, by arkd's id; plain ones when left out. */
  readonly assetId?: string;
  /** Of that asset. */
  readonly minUnits?: bigint;
  readonly minAmountSats: bigint;
  /** All or none. */
  readonly count: number;
}

/** The mirror of arkd's VTXO set and the locks on it. Rows change only by a finalised tx of ours or a reconcile. */
export interface VtxoStore {
  /** Insert-first; returns the row that is there now. */
  ensureScript(
    tx: Tx,
    script: VtxoScriptInfo & { readonly signerPubkey: string; readonly exitDelay: number; readonly kind: VtxoKind },
  ): Promise<VtxoScriptRow>;
  listScripts(ownerPubkey: string): Promise<readonly VtxoScriptRow[]>;
  /** One of the gateway's own kinds; a user's are listed by key. */
  listScriptsOfKind(kind: Exclude<VtxoKind, "user">): Promise<readonly VtxoScriptRow[]>;
  listScriptsById(ids: readonly bigint[]): Promise<readonly VtxoScriptRow[]>;
  listScriptsByScript(scripts: readonly string[]): Promise<readonly VtxoScriptRow[]>;
  /** Oldest successful sync among the owner's scripts; undefined when one was never read or the owner has none. */
  findSyncedAt(ownerPubkey: string): Promise<Date | undefined>;
  markSynced(tx: Tx, scriptIds: readonly bigint[], at: Date): Promise<void>;

  /** Unspent, unexpired rows of a user: what its balance is made of. Read without locks. At most `limit`, largest first. */
  listLive(tx: Tx | undefined, ownerPubkey: string, limit: number): Promise<readonly Vtxo[]>;
  /** Those of them that carry an asset (arkd's id), most units first. */
  listLiveWith(tx: Tx | undefined, ownerPubkey: string, arkAssetId: string, limit: number): Promise<readonly Vtxo[]>;
  listByIds(tx: Tx | undefined, vtxoIds: readonly string[]): Promise<readonly Vtxo[]>;
  list(filter: VtxoFilter, limit: number, beforeId: bigint | undefined): Promise<readonly Vtxo[]>;
  sumBalances(ownerPubkey: string, now: Date): Promise<readonly BalanceRow[]>;
  /** The gateway's free plain VTXOs of a kind. */
  countFree(kind: VtxoKind, minAmountSats: bigint, minExpiresAt: Date): Promise<number>;
  /** Sats of the gateway's free plain VTXOs of a kind; with an asset by arkd's id, its units on those that carry nothing else. */
  sumFree(tx: Tx | undefined, kind: VtxoKind, freshness: Freshness, assetId?: string): Promise<bigint>;
  countByStatus(ownerPubkey: string): Promise<{ readonly available: number; readonly assigned: number }>;

  /** One compare-and-set over all rows: locks them when all are free, else none. Returns whether it did. */
  lockFree(tx: Tx, vtxoIds: readonly string[], lockedBy: string, until: Date): Promise<boolean>;
  /** As `lockFree`, of a user's VTXOs whose life is over. */
  lockSwept(tx: Tx, vtxoIds: readonly string[], lockedBy: string, until: Date): Promise<boolean>;
  /** Makes the locks of `lockSwept` endless; returns how many `lockedBy` still has. */
  holdSwept(tx: Tx, lockedBy: string): Promise<number>;
  /** `FOR UPDATE SKIP LOCKED` on the gateway's free rows of a kind, nearest expiry first among the fresh, and locks them. */
  lockGateway(tx: Tx, query: GatewayVtxoQuery, lockedBy: string, until: Date): Promise<readonly Vtxo[]>;
  /** Locks one VTXO of the gateway's without an end; false when it is not free. */
  lockHeld(tx: Tx, vtxoId: string, lockedBy: string): Promise<boolean>;
  /** Moves the locks of a session that still has them; returns how many rows changed. `null` = endless. */
  extendLocks(tx: Tx, lockedBy: string, until: Date | null): Promise<number>;
  /** Frees what `lockedBy` holds. */
  unlock(tx: Tx, lockedBy: string): Promise<number>;

  /**
   * `FOR UPDATE SKIP LOCKED`: free VTXOs of the gateway that a batch should take, nearest expiry first. All that came back or was paid
   * in, what was swept, stock and co-inputs with less than `stockPercent` of their life left, the treasury's with less than `treasuryPercent`.
   */
  pickForBatch(
    tx: Tx,
    query: {
      readonly now: Date;
      readonly stockPercent: number;
      readonly treasuryPercent: number;
      readonly limit: number;
    },
  ): Promise<readonly Vtxo[]>;
  /** Locks free VTXOs of the gateway, swept ones too, without an end; throws `vtxo_locked` unless it got all. */
  lockForBatch(tx: Tx, vtxoIds: readonly string[], lockedBy: string): Promise<void>;
  /** What `lockedBy` holds. */
  listLocked(tx: Tx | undefined, lockedBy: string): Promise<readonly Vtxo[]>;
  /** Inputs of a batch that is final; their locks end. */
  markSettled(tx: Tx, vtxoIds: readonly string[], commitmentTxid: string, at: Date): Promise<void>;
  /** Inputs of a finalised ark tx. */
  markSpent(tx: Tx, vtxoIds: readonly string[], spendingTxid: string, at: Date): Promise<void>;
  /** Outputs of a finalised ark tx, or what arkd reports in a reconcile. Existing rows are brought up to date. */
  upsert(
    tx: Tx,
    rows: readonly { readonly vtxo: ArkVtxo; readonly script: VtxoScriptRow }[],
    from: "final" | "reconcile",
  ): Promise<void>;
}
