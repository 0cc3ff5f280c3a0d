import { DEFAULT_ARK_TX_LIMITS } from "@arkrelay/core/ark/build-ark-tx";
import { AppError } from "@arkrelay/core/errors";
import type { KeyScope } from "@arkrelay/core/http/admin";
import { POSTING_KINDS } from "@arkrelay/core/ledger/postings";
import { DAEMON_NAMES } from "@arkrelay/daemons/daemon-manager";
import type { Database } from "@arkrelay/db/connection";
import { DrizzleApiKeyStore, type ApiKey } from "@arkrelay/db/stores/api-key-store";
import { DrizzleAssetStore } from "@arkrelay/db/stores/asset-store";
import { DrizzleAssetSupplyStore } from "@arkrelay/db/stores/asset-supply-store";
import { DrizzleAuditStore } from "@arkrelay/db/stores/audit-store";
import { countVtxos } from "@arkrelay/db/stores/count-vtxos";
import { DrizzleInventoryStore, readVtxoStatistics } from "@arkrelay/db/stores/inventory-store";
import { DrizzleLedgerBooks } from "@arkrelay/db/stores/ledger-books";
import { listLedgerEntries } from "@arkrelay/db/stores/list-ledger-entries";
import { readAssetStatistics } from "@arkrelay/db/stores/read-asset-statistics";
import { DrizzleReconciliationStore } from "@arkrelay/db/stores/reconciliation-store";
import { DrizzleRetentionStore, type RetentionTarget } from "@arkrelay/db/stores/retention-store";
import { DrizzleServiceStateStore } from "@arkrelay/db/stores/service-state-store";
import { DrizzleSettlementLeafStore } from "@arkrelay/db/stores/settlement-leaf-store";
import { DrizzleSettlementStore } from "@arkrelay/db/stores/settlement-store";
import { countSessions } from "@arkrelay/db/stores/table-counts";
import { DrizzleTimelineStore } from "@arkrelay/db/stores/timeline-store";
import type { Metrics } from "@arkrelay/runtime/metrics";

import type { AdminStores, ApiKeyRow, ApiKeyStore, CleanupCounts } from "./admin-stores";
import { createShortMemory } from "./short-memory";

const CLEANUP_BATCH = 500;
/** Anybody may ask for them, and each look counts every live VTXO. */
const STATISTICS_AGE_MS = 5_000;

export function openAdminStores(database: Database, metrics: Pick<Metrics, "cacheHits" | "cacheMisses">): AdminStores {
  const remember = <T>(read: () => Promise<T>) =>
    createShortMemory({ nowMs: () => performance.now(), ageMsMax: STATISTICS_AGE_MS, metrics }, read);
  const audit = new DrizzleAuditStore(database);
  const states = new DrizzleServiceStateStore(database);
  const retention = new DrizzleRetentionStore(database);
  const books = new DrizzleLedgerBooks(database);
  const settlements = new DrizzleSettlementStore(database);
  const leaves = new DrizzleSettlementLeafStore(database);
  const reconciliations = new DrizzleReconciliationStore(database);
  return {
    audit: {
      insert: (entry) => audit.insert(entry),
      list: async (filter, limit, beforeId) => {
        const rows = await audit.list({ ...filter, limit, beforeId: toNumber(beforeId) });
        return rows.map((row) => ({
          ...row,
          id: BigInt(row.id),
          target: row.target,
          requestId: row.requestId,
          ip: row.ip,
        }));
      },
    },
    apiKeys: toKeyStore(new DrizzleApiKeyStore(database)),
    assets: new DrizzleAssetStore(database),
    supplies: new DrizzleAssetSupplyStore(database),
    assetStatistics: remember(() => readAssetStatistics(database, DEFAULT_ARK_TX_LIMITS.dustSats)),
    timeline: new DrizzleTimelineStore(database),
    inventory: new DrizzleInventoryStore(database),
    vtxoStatistics: remember(() => readVtxoStatistics(database)),
    settlements: {
      countVtxos: remember(() => countVtxos(database)),
      countPending: () => leaves.countPending(),
      listRecent: (limit) => settlements.listRecent(limit),
      findLeaf: (vtxoId) => leaves.find(vtxoId),
      listLeaves: (settlement) => leaves.list(settlement),
    },
    services: {
      setDesiredState: (tx, service, desired) => states.setDesired(service, desired, tx),
      raiseDaemonRestart: (tx, daemon) => states.raiseDaemonRestart(tx, daemon, DAEMON_NAMES),
    },
    cleanup: {
      count: (before) => forEachTarget((target) => retention.count(target, before)),
      run: (before) => forEachTarget((target) => deleteAll(retention, target, before)),
    },
    ledger: {
      listBalances: (assetId) => books.listBalances(assetId),
      listComparisons: (assetId) => reconciliations.listNewest(assetId),
    },
    sessionCounts: () => countSessions(database),
    listOperationEntries: (operationId) => listLedgerEntries(database, operationId, Object.values(POSTING_KINDS)),
  };
}

function toNumber(id: bigint | undefined): number | undefined {
  return id === undefined ? undefined : Number(id);
}

async function forEachTarget(work: (target: RetentionTarget) => Promise<number>): Promise<CleanupCounts> {
  return { metrics: await work("system_metrics"), heartbeats: await work("heartbeats"), jobs: await work("jobs") };
}

async function deleteAll(retention: DrizzleRetentionStore, target: RetentionTarget, before: Date): Promise<number> {
  let total = 0;
  for (;;) {
    const deleted = await retention.deleteBatch(target, before, CLEANUP_BATCH);
    total += deleted;
    if (deleted < CLEANUP_BATCH) return total;
  }
}

function toKeyStore(store: DrizzleApiKeyStore): ApiKeyStore {
  return {
    insert: async (tx, key) => {
      const limits = {
        ...(key.rateLimitPerMinute !== undefined && { rate_limit_per_minute: key.rateLimitPerMinute }),
        assign_limits: key.assignLimits,
      };
      await store.insert({ ...key, limits }, tx);
      const row = await store.findByKeyId(key.keyId, tx);
      if (row === undefined) throw new AppError("internal_error", { internal: "an api key just inserted is gone" });
      return toRow(row);
    },
    find: async (keyId, tx) => mapRow(await store.findByKeyId(keyId, tx)),
    findByPubkey: async (pubkey) => mapRow(await store.findByPubkey(pubkey)),
    list: async (status, limit, beforeId) =>
      (await store.list({ status, limit, beforeId: toNumber(beforeId) })).map(toRow),
    update: async (tx, keyId, change) =>
      mapRow(
        await store.update(tx, keyId, {
          ...(change.name !== undefined && { name: change.name }),
          ...(change.scopes !== undefined && { scopes: change.scopes }),
          ...(change.expiresAt !== undefined && { expiresAt: change.expiresAt }),
          limits: {
            ...(change.rateLimitPerMinute !== undefined && { rate_limit_per_minute: change.rateLimitPerMinute }),
            ...(change.assignLimits !== undefined && { assign_limits: change.assignLimits }),
          },
        }),
      ),
    rotate: (tx, keyId, next) => store.rotate(tx, keyId, next.secretSha256, next.previousUntil),
    revoke: (tx, keyId) => store.revoke(keyId, tx),
  };
}

function mapRow(key: ApiKey | undefined): ApiKeyRow | undefined {
  return key && toRow(key);
}

function toRow(key: ApiKey): ApiKeyRow {
  return {
    id: BigInt(key.id),
    keyId: key.keyId,
    name: key.name,
    kind: key.kind,
    prefix: key.prefix,
    pubkey: key.pubkey,
    scopes: key.scopes as readonly KeyScope[],
    status: key.status,
    rateLimitPerMinute: key.limits.rate_limit_per_minute,
    assignLimits: key.limits.assign_limits,
    lastUsedAt: key.lastUsedAt,
    expiresAt: key.expiresAt,
    createdAt: key.createdAt,
  };
}
