import { joinBatch } from "@arkrelay/core/ark-batch/join-batch";
import { deriveCosignerKey } from "@arkrelay/core/ark/wallet-keys";
import type { RecoveryDeps } from "@arkrelay/core/renewal/recover-in-batch";
import { DrizzleSettlementLeafStore } from "@arkrelay/db/stores/settlement-leaf-store";
import { DrizzleSettlementStore } from "@arkrelay/db/stores/settlement-store";

import type { WorkerConfig } from "./config";
import type { WorkerDeps } from "./deps";

/** What settling in arkd's batches needs, made of what the worker has open. */
export function toSettlementDeps(
  { database, ceremony, lightning, lnd, batches }: WorkerDeps,
  { arkd, settlement, lightning: limits }: Pick<WorkerConfig, "arkd" | "settlement" | "lightning">,
): RecoveryDeps {
  return {
    ...ceremony,
    payouts: lightning.payouts,
    settlements: new DrizzleSettlementStore(database),
    leaves: new DrizzleSettlementLeafStore(database),
    batches,
    joinBatch: (join, hooks, signal) => joinBatch({ batches, random: ceremony.random }, join, hooks, signal),
    cosigner: deriveCosignerKey(arkd.walletSeed),
    lightning: lnd,
    settlementConfig: { maxDeferMs: settlement.maxDeferMs, carrierSats: limits.assetCarrierSats },
  };
}
