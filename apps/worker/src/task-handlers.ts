import { DrizzleStuckCeremonies } from "@arkrelay/db/stores/stuck-ceremonies";
import { DrizzleVtxoExpiryStore } from "@arkrelay/db/stores/vtxo-expiry-store";
import { LIGHTNING_WAKE_CHANNEL } from "@arkrelay/tasks/lightning-wake-channel";
import { SESSION_WAKE_CHANNEL } from "@arkrelay/tasks/session-wake-channel";

import { toAssetDeps } from "./asset-deps";
import type { WorkerConfig } from "./config";
import type { WorkerDeps } from "./deps";
import { assetMintTask } from "./handlers/asset-mint";
import { ceremonyDriveTask } from "./handlers/ceremony-drive";
import { cleanupExpiredSessionsTask } from "./handlers/cleanup-expired-sessions";
import { cleanupOldLogsTask } from "./handlers/cleanup-old-logs";
import { cleanupVtxosTask } from "./handlers/cleanup-vtxos";
import { grpcReconnectTask } from "./handlers/grpc-reconnect";
import { lightningDriveTask } from "./handlers/lightning-drive";
import { lightningResumeTask } from "./handlers/lightning-resume";
import { nostrProcessTask } from "./handlers/nostr-process";
import { channelCloseTask, channelOpenTask, newAddressTask, sendOnchainTask } from "./handlers/operator-writes";
import { payoutDriveTask } from "./handlers/payout-drive";
import { processUserDataTask } from "./handlers/process-user-data";
import { reconcileDaemonsTask } from "./handlers/reconcile-daemons";
import { reconcileLedgerTask } from "./handlers/reconcile-ledger";
import { replenishStockTask } from "./handlers/replenish-stock";
import { sampleTask } from "./handlers/sample-task";
import { settlementRunTask } from "./handlers/settlement-run";
import { txRecoverTask } from "./handlers/tx-recover";
import { vtxoAssignTask } from "./handlers/vtxo-assign";
import { vtxoSyncTask } from "./handlers/vtxo-sync";
import { watchAssetSuppliesTask } from "./handlers/watch-asset-supplies";
import { webhookDeliverTask } from "./handlers/webhook-deliver";
import { createLightningDrives } from "./lightning-drives";
import { toReconcileDeps } from "./reconcile-deps";
import { toSettlementDeps } from "./settlement-deps";
import type { TaskHandlers } from "./task-handler";
import { toDeliverDeps } from "./webhooks/to-deliver-deps";

/** Beats come every minute; who is silent for three is gone. */
const ALIVE_SECONDS = 180;
const RECONNECT_WAIT_MS = 80_000;

/** The handler of every queued task; the type leaves none out. */
export function createTaskHandlers(deps: WorkerDeps, config: WorkerConfig): TaskHandlers {
  const { ceremony, attempts, events, knownArkInfo, records, retention } = deps;
  const { metricsRetentionDays, jobRetentionDays, eventRetentionDays } = config.background;
  const operator = { calls: deps.calls, transactions: ceremony.transactions, lightning: deps.lnd };
  const announce = (sessionId: string): void => {
    deps.redis.producer.publish(SESSION_WAKE_CHANNEL, sessionId).catch(() => undefined);
  };
  const drives = createLightningDrives(deps, config);
  const announceOperation = (operationId: string): void => {
    deps.redis.producer.publish(LIGHTNING_WAKE_CHANNEL, "").catch(() => undefined);
    const found = deps.lightning.operations.find(operationId);
    found.then((row) => row && announce(row.sessionId)).catch(() => undefined);
  };
  const lift = lightningDriveTask(drives.lift, announceOperation);
  const land = lightningDriveTask(drives.land, announceOperation);
  const drive = ceremonyDriveTask(ceremony, announce, deps.metrics);
  const reconcile = toReconcileDeps(deps);
  const assets = toAssetDeps(deps, config);
  return {
    sample_task: sampleTask(ceremony),
    process_user_data: processUserDataTask({ ...ceremony, attempts, records }),
    cleanup_old_logs: cleanupOldLogsTask({
      clock: ceremony.clock,
      retention,
      keep: { metricsDays: metricsRetentionDays, jobDays: jobRetentionDays, eventDays: eventRetentionDays },
    }),
    cleanup_expired_sessions: cleanupExpiredSessionsTask(
      { ...ceremony, stuck: new DrizzleStuckCeremonies(deps.database) },
      config.session.acceptedAlertMs,
    ),
    cleanup_vtxos: cleanupVtxosTask(
      { ...ceremony, expiries: new DrizzleVtxoExpiryStore(deps.database) },
      config.session.vtxoExpirationHours * 3_600_000,
    ),
    reconcile_ledger: reconcileLedgerTask({ ...reconcile, clock: ceremony.clock }),
    reconcile_daemons: reconcileDaemonsTask(reconcile),
    ceremony_drive: drive,
    renew_pay: drive,
    grpc_reconnect: grpcReconnectTask({
      heartbeats: deps.heartbeats,
      aliveSeconds: ALIVE_SECONDS,
      pollMs: 1_000 * config.process.pollScale,
      waitMs: RECONNECT_WAIT_MS,
    }),
    lift_create: lift,
    lift_deliver: lift,
    lift_kill: lift,
    lift_settle: lift,
    land_pay: land,
    land_track: land,
    land_refund: land,
    lightning_resume: lightningResumeTask({ ...ceremony, ...deps.lightning, attempts }),
    lightning_channel_open: channelOpenTask(operator),
    lightning_channel_close: channelCloseTask(operator),
    lightning_send_onchain: sendOnchainTask(operator),
    lightning_new_address: newAddressTask(operator),
    nostr_process: nostrProcessTask({ ...ceremony, attempts, events, knownArkInfo }),
    webhook_deliver: webhookDeliverTask(toDeliverDeps(deps, config)),
    vtxo_sync: vtxoSyncTask(ceremony),
    asset_mint: assetMintTask({ ...assets, attempts }),
    vtxo_assign: vtxoAssignTask({ ...assets, metrics: deps.metrics }),
    process_vtxo_replenishment: replenishStockTask({ ...assets, metrics: deps.metrics }),
    payout_drive: payoutDriveTask({ ...ceremony, ...assets, attempts }, announce),
    watch_asset_supplies: watchAssetSuppliesTask(assets),
    settlement_run: settlementRunTask({ ...toSettlementDeps(deps, config), attempts }),
    tx_recover: txRecoverTask({ ...ceremony, attempts }),
  };
}
