import type { KeyScope } from "@arkrelay/core/http/admin";
import type { AssetRegistry } from "@arkrelay/core/ports/asset-registry";
import type { AssetSupplies } from "@arkrelay/core/ports/asset-supplies";
import type { InventoryStore, VtxoStatistics } from "@arkrelay/core/ports/inventory-store";
import type { AccountPosition } from "@arkrelay/core/ports/ledger-books";
import type { Reconciliation } from "@arkrelay/core/ports/reconciliation-store";
import type { SettledLeaf } from "@arkrelay/core/ports/settlement-store";
import type { TimelineStore } from "@arkrelay/core/ports/timeline-store";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Settlement, SettlementLeaf } from "@arkrelay/core/settlement/settlement";
import type { Asset } from "@arkrelay/db/stores/asset-store";
import type { VtxoCounts } from "@arkrelay/db/stores/count-vtxos";
import type { LedgerEntry } from "@arkrelay/db/stores/list-ledger-entries";
import type { AssetStatistics } from "@arkrelay/db/stores/read-asset-statistics";

export interface AuditEntry {
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly requestId: string;
  readonly ip: string;
  readonly outcome: string;
}

export interface AuditRow {
  readonly id: bigint;
  readonly actor: string;
  readonly action: string;
  readonly target: string | undefined;
  readonly requestId: string | undefined;
  readonly ip: string | undefined;
  readonly outcome: string;
  readonly at: Date;
}

export interface ApiKeyRow {
  readonly id: bigint;
  readonly keyId: string;
  readonly name: string;
  readonly kind: "secret" | "nostr";
  readonly prefix: string | undefined;
  readonly pubkey: string | undefined;
  readonly scopes: readonly KeyScope[];
  readonly status: "active" | "revoked";
  readonly rateLimitPerMinute: number | undefined;
  /** Units a day by asset; an absent asset means 0. */
  readonly assignLimits: Readonly<Record<string, number>>;
  readonly lastUsedAt: Date | undefined;
  readonly expiresAt: Date | undefined;
  readonly createdAt: Date;
}

export interface NewApiKey {
  readonly keyId: string;
  readonly name: string;
  readonly kind: "secret" | "nostr";
  readonly prefix: string | undefined;
  readonly secretSha256: string | undefined;
  readonly pubkey: string | undefined;
  readonly scopes: readonly KeyScope[];
  readonly rateLimitPerMinute: number | undefined;
  readonly assignLimits: Readonly<Record<string, number>>;
  readonly expiresAt: Date | undefined;
}

/** `null` empties a field, an absent one stays. */
export interface ApiKeyChange {
  readonly name?: string;
  readonly scopes?: readonly KeyScope[];
  readonly rateLimitPerMinute?: number | null;
  readonly assignLimits?: Readonly<Record<string, number>>;
  readonly expiresAt?: Date | null;
}

export interface ApiKeyStore {
  /** Throws `conflict` when the pubkey is registered already. */
  insert(tx: Tx, key: NewApiKey): Promise<ApiKeyRow>;
  find(keyId: string, tx?: Tx): Promise<ApiKeyRow | undefined>;
  findByPubkey(pubkey: string): Promise<ApiKeyRow | undefined>;
  list(
    status: "active" | "revoked" | "expired" | undefined,
    limit: number,
    beforeId: bigint | undefined,
  ): Promise<readonly ApiKeyRow[]>;
  update(tx: Tx, keyId: string, change: ApiKeyChange): Promise<ApiKeyRow | undefined>;
  /** The previous secret stays valid until `previousUntil`. false = no such active secret key. */
  rotate(
    tx: Tx,
    keyId: string,
    next: { readonly secretSha256: string; readonly prefix: string; readonly previousUntil: Date },
  ): Promise<boolean>;
  revoke(tx: Tx, keyId: string): Promise<boolean>;
}

export interface CleanupCounts {
  readonly metrics: number;
  readonly heartbeats: number;
  readonly jobs: number;
}

export interface SessionCounts {
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byType: Readonly<Record<string, number>>;
}

/** Stores that only the operator's routes and the asset registry use. */
export interface AdminStores {
  readonly audit: {
    insert(entry: AuditEntry): Promise<void>;
    list(
      filter: { readonly actor: string | undefined; readonly action: string | undefined },
      limit: number,
      beforeId: bigint | undefined,
    ): Promise<readonly AuditRow[]>;
  };
  readonly apiKeys: ApiKeyStore;
  readonly assets: AssetRegistry & {
    list(activeOnly: boolean, limit: number, beforeId: bigint | undefined): Promise<readonly Asset[]>;
    describe(assetId: string): Promise<Asset | undefined>;
  };
  readonly supplies: Pick<AssetSupplies, "find" | "readExposure">;
  /** A few seconds old at most. */
  readonly assetStatistics: () => Promise<AssetStatistics>;
  readonly timeline: TimelineStore;
  readonly inventory: Pick<InventoryStore, "count">;
  /** A few seconds old at most. */
  readonly vtxoStatistics: () => Promise<VtxoStatistics>;
  readonly settlements: {
    /** A few seconds old at most. */
    countVtxos(): Promise<VtxoCounts>;
    /** Confirmed outputs that no settlement claims. */
    countPending(): Promise<number>;
    listRecent(limit: number): Promise<readonly Settlement[]>;
    findLeaf(vtxoId: string): Promise<SettledLeaf | undefined>;
    /** In the order of the tree. */
    listLeaves(settlement: Settlement): Promise<readonly SettlementLeaf[]>;
  };
  readonly services: {
    setDesiredState(tx: Tx, service: string, desired: "running" | "stopped"): Promise<void>;
    /** Asks every process for a new connection and returns the request's id. */
    raiseDaemonRestart(tx: Tx, daemon: string): Promise<number>;
  };
  readonly cleanup: {
    count(before: Date): Promise<CleanupCounts>;
    /** Deletes in batches until nothing older is left. */
    run(before: Date): Promise<CleanupCounts>;
  };
  /** The books, and the newest look at every daemon beside them. */
  readonly ledger: {
    listBalances(assetId: string | undefined): Promise<readonly AccountPosition[]>;
    listComparisons(assetId: string | undefined): Promise<readonly Reconciliation[]>;
  };
  readonly sessionCounts: () => Promise<SessionCounts>;
  /** What was booked for a lift or land, oldest first. */
  readonly listOperationEntries: (operationId: string) => Promise<readonly LedgerEntry[]>;
}
