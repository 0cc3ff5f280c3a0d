import type { Route } from "../http/route";
import { cleanupRoute } from "./admin/cleanup";
import { configurationRoute } from "./admin/configuration";
import { createApiKeyRoute } from "./admin/create-api-key";
import { getApiKeyRoute } from "./admin/get-api-key";
import { listLedgerAccountsRoute } from "./admin/ledger/list-accounts";
import { listLedgerDriftRoute } from "./admin/ledger/list-drift";
import { closeChannelRoute } from "./admin/lightning/close-channel";
import { getUnknownRoute, listUnknownRoute } from "./admin/lightning/list-unknown";
import { newAddressRoute } from "./admin/lightning/new-address";
import { openChannelRoute } from "./admin/lightning/open-channel";
import { pendingChannelsRoute } from "./admin/lightning/pending-channels";
import { recheckUnknownRoute } from "./admin/lightning/recheck-unknown";
import { sendOnchainRoute } from "./admin/lightning/send-onchain";
import { listApiKeysRoute } from "./admin/list-api-keys";
import { listAuditRoute } from "./admin/list-audit";
import { revokeApiKeyRoute } from "./admin/revoke-api-key";
import { rotateApiKeyRoute } from "./admin/rotate-api-key";
import { servicesStatusRoute } from "./admin/services-status";
import { sessionTimelineRoute, timelineRoute } from "./admin/timeline";
import { updateApiKeyRoute } from "./admin/update-api-key";
import { assetStatsRoute } from "./assets/asset-stats";
import { createAssetRoute } from "./assets/create-asset";
import { getAssetRoute } from "./assets/get-asset";
import { getBalanceRoute, getBalancesRoute } from "./assets/get-balances";
import { getReserveRoute } from "./assets/get-reserve";
import { listAssetsRoute } from "./assets/list-assets";
import { mintAssetRoute } from "./assets/mint-asset";
import { transferAssetRoute } from "./assets/transfer-asset";
import { updateAssetRoute } from "./assets/update-asset";
import { cancelCeremonyRoute } from "./ceremony/cancel-ceremony";
import { getCeremonyStatusRoute } from "./ceremony/get-ceremony-status";
import { runCeremonyStepRoute } from "./ceremony/run-ceremony-step";
import { startCeremonyRoute } from "./ceremony/start-ceremony";
import { arkdInfoRoute } from "./grpc/arkd-info";
import { lndBalancesRoute } from "./grpc/lnd-balances";
import { reconnectByGetRoute, reconnectRoute } from "./grpc/reconnect";
import { tapdBalancesRoute } from "./grpc/tapd-balances";
import { cancelJobRoute } from "./jobs/cancel-job";
import { enqueueDemoByGetRoute, enqueueDemoRoute } from "./jobs/enqueue-demo";
import { enqueueUserProcessRoute } from "./jobs/enqueue-user-process";
import { getJobRoute } from "./jobs/get-job";
import { listJobsRoute } from "./jobs/list-jobs";
import { retryJobRoute } from "./jobs/retry-job";
import { streamJobRoute } from "./jobs/stream-job";
import { lightningActivityRoute } from "./lightning/activity";
import { lightningBalancesRoute } from "./lightning/balances";
import { lightningChannelsRoute } from "./lightning/channels";
import { estimateFeeRoute } from "./lightning/estimate-fee";
import { getInvoiceRoute } from "./lightning/get-invoice";
import { landRoute } from "./lightning/land";
import { liftRoute } from "./lightning/lift";
import { listInvoicesRoute } from "./lightning/list-invoices";
import { listPaymentsRoute } from "./lightning/list-payments";
import { lightningMonitorRoute } from "./lightning/monitor-health";
import { resumeLandRoute } from "./lightning/resume-land";
import { lightningStatisticsRoute } from "./lightning/statistics";
import { nostrRelaysRoute } from "./nostr/nostr-relays";
import { nostrSessionsRoute } from "./nostr/nostr-sessions";
import { nostrStatusRoute } from "./nostr/nostr-status";
import { publishTestRoute } from "./nostr/publish-test";
import { sendDmRoute } from "./nostr/send-dm";
import { startNostrRoute, stopNostrRoute } from "./nostr/switch-nostr";
import { testEncryptionRoute } from "./nostr/test-encryption";
import { cleanupSessionsRoute } from "./sessions/cleanup-sessions";
import { completeSessionRoute } from "./sessions/complete-session";
import { failSessionRoute } from "./sessions/fail-session";
import { getChallengeRoute } from "./sessions/get-challenge";
import { getSessionRoute } from "./sessions/get-session";
import { issueChallengeRoute } from "./sessions/issue-challenge";
import { listSessionsRoute } from "./sessions/list-sessions";
import { openSessionRoute } from "./sessions/open-session";
import { respondToChallengeRoute } from "./sessions/respond-to-challenge";
import { sessionStatsRoute } from "./sessions/session-stats";
import { streamSessionRoute } from "./sessions/stream-session";
import { bannerRoute } from "./status/banner";
import { comprehensiveHealthRoute } from "./status/comprehensive-health";
import { healthRoute } from "./status/health";
import { heartbeatsRoute } from "./status/heartbeats";
import { liveRoute } from "./status/live";
import { metricsRoute } from "./status/metrics";
import { cacheStatsRoute, monitoringStatsRoute } from "./status/monitoring-stats";
import { queueStatusRoute } from "./status/queue-status";
import { readyRoute } from "./status/ready";
import { statsRoute } from "./status/stats";
import { systemMetricsRoute } from "./status/system-metrics";
import { acknowledgeTransactionRoute } from "./transactions/acknowledge-transaction";
import { broadcastTransactionRoute } from "./transactions/broadcast-transaction";
import { getTransactionRoute } from "./transactions/get-transaction";
import { getTransactionStatusRoute } from "./transactions/get-transaction-status";
import { listUserTransactionsRoute } from "./transactions/list-user-transactions";
import { p2pTransferRoute } from "./transactions/p2p-transfer";
import { assignVtxoRoute } from "./vtxos/assign-vtxo";
import { cleanupAssetVtxosRoute, cleanupVtxosRoute } from "./vtxos/cleanup-vtxos";
import { createVtxoBatchRoute } from "./vtxos/create-vtxo-batch";
import {
  inventoryMonitorStatusRoute,
  startInventoryMonitorRoute,
  stopInventoryMonitorRoute,
} from "./vtxos/inventory-monitor";
import { inventoryStatusRoute } from "./vtxos/inventory-status";
import { listManagedVtxosRoute } from "./vtxos/list-managed-vtxos";
import { listUserVtxosRoute } from "./vtxos/list-user-vtxos";
import { markSpentRoute } from "./vtxos/mark-spent";
import { renewVtxosRoute } from "./vtxos/renew-vtxos";
import { processSettlementRoute, settlementProofRoute, settlementStatusRoute } from "./vtxos/settlement";
import { splitVtxoRoute } from "./vtxos/split-vtxo";
import { vtxoStatsRoute } from "./vtxos/vtxo-stats";
import { createWebhookRoute } from "./webhooks/create-webhook";
import { deleteWebhookRoute } from "./webhooks/delete-webhook";
import { getWebhookRoute } from "./webhooks/get-webhook";
import { getWebhookDeliveryRoute } from "./webhooks/get-webhook-delivery";
import { listWebhookDeliveriesRoute } from "./webhooks/list-webhook-deliveries";
import { listWebhooksRoute } from "./webhooks/list-webhooks";
import { redeliverWebhookRoute } from "./webhooks/redeliver-webhook";
import { replayWebhookRoute } from "./webhooks/replay-webhook";
import { rotateWebhookSecretRoute } from "./webhooks/rotate-webhook-secret";
import { testWebhookRoute } from "./webhooks/test-webhook";
import { updateWebhookRoute } from "./webhooks/update-webhook";

/** Every route of the API, in the order of the document. A new one is a file of its own and a line here. */
const ROUTES: readonly Route[] = [
  bannerRoute,
  healthRoute,
  readyRoute,
  liveRoute,
  comprehensiveHealthRoute,
  queueStatusRoute,
  metricsRoute,
  systemMetricsRoute,
  heartbeatsRoute,
  statsRoute,
  monitoringStatsRoute,
  cacheStatsRoute,
  arkdInfoRoute,
  tapdBalancesRoute,
  lndBalancesRoute,
  reconnectRoute,
  reconnectByGetRoute,
  enqueueDemoRoute,
  enqueueUserProcessRoute,
  listJobsRoute,
  getJobRoute,
  streamJobRoute,
  cancelJobRoute,
  retryJobRoute,
  openSessionRoute,
  listSessionsRoute,
  sessionStatsRoute,
  cleanupSessionsRoute,
  getSessionRoute,
  streamSessionRoute,
  issueChallengeRoute,
  respondToChallengeRoute,
  completeSessionRoute,
  failSessionRoute,
  getChallengeRoute,
  startCeremonyRoute,
  getCeremonyStatusRoute,
  runCeremonyStepRoute,
  cancelCeremonyRoute,
  p2pTransferRoute,
  getTransactionRoute,
  getTransactionStatusRoute,
  broadcastTransactionRoute,
  listUserTransactionsRoute,
  acknowledgeTransactionRoute,
  createAssetRoute,
  updateAssetRoute,
  listAssetsRoute,
  assetStatsRoute,
  getAssetRoute,
  mintAssetRoute,
  transferAssetRoute,
  getReserveRoute,
  cleanupAssetVtxosRoute,
  getBalancesRoute,
  getBalanceRoute,
  createVtxoBatchRoute,
  assignVtxoRoute,
  splitVtxoRoute,
  markSpentRoute,
  cleanupVtxosRoute,
  inventoryStatusRoute,
  vtxoStatsRoute,
  startInventoryMonitorRoute,
  stopInventoryMonitorRoute,
  inventoryMonitorStatusRoute,
  processSettlementRoute,
  settlementStatusRoute,
  settlementProofRoute,
  renewVtxosRoute,
  listManagedVtxosRoute,
  listUserVtxosRoute,
  liftRoute,
  landRoute,
  resumeLandRoute,
  getInvoiceRoute,
  listInvoicesRoute,
  listPaymentsRoute,
  lightningBalancesRoute,
  lightningChannelsRoute,
  estimateFeeRoute,
  lightningActivityRoute,
  lightningStatisticsRoute,
  lightningMonitorRoute,
  nostrStatusRoute,
  nostrRelaysRoute,
  nostrSessionsRoute,
  sendDmRoute,
  publishTestRoute,
  testEncryptionRoute,
  startNostrRoute,
  stopNostrRoute,
  createWebhookRoute,
  listWebhooksRoute,
  getWebhookRoute,
  updateWebhookRoute,
  deleteWebhookRoute,
  rotateWebhookSecretRoute,
  testWebhookRoute,
  listWebhookDeliveriesRoute,
  getWebhookDeliveryRoute,
  redeliverWebhookRoute,
  replayWebhookRoute,
  listApiKeysRoute,
  createApiKeyRoute,
  getApiKeyRoute,
  updateApiKeyRoute,
  rotateApiKeyRoute,
  revokeApiKeyRoute,
  configurationRoute,
  servicesStatusRoute,
  cleanupRoute,
  listAuditRoute,
  sessionTimelineRoute,
  timelineRoute,
  listLedgerAccountsRoute,
  listLedgerDriftRoute,
  listUnknownRoute,
  getUnknownRoute,
  recheckUnknownRoute,
  pendingChannelsRoute,
  openChannelRoute,
  closeChannelRoute,
  sendOnchainRoute,
  newAddressRoute,
];

/** The GET that changes state does not exist in production, where its path answers 405. */
export function listRoutes(isProduction: boolean): readonly Route[] {
  return isProduction ? ROUTES : [...ROUTES, enqueueDemoByGetRoute];
}
