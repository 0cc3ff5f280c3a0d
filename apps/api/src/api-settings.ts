import type { ApiSettings } from "./api-deps";
import type { ApiConfig } from "./config";

/** The values routes and pipeline read, out of the whole configuration. */
export function toApiSettings(config: ApiConfig, version: string): ApiSettings {
  const { http, process, session, arkd, mode, lightning, nostr, inventory } = config;
  return {
    version,
    isProduction: mode.isProduction,
    publicBaseUrl: http.publicBaseUrl,
    solverAuth: http.solverAuth,
    trustProxy: http.trustProxy,
    corsOrigins: http.corsOrigins,
    nostrTestRoutes: nostr.testRoutes,
    checkReplies: mode.environment === "test",
    inventory: {
      levels: inventory.levels,
      satPerVbyte: session.feeSatsPerVbyte,
      vtxoMinSats: Number(session.vtxoMinAmountSats),
      batchSats: Number(session.vtxoBatchAmountSats),
      carrierSats: Number(lightning.assetCarrierSats),
    },
    shownConfiguration: {
      env: mode.environment,
      appHost: http.host,
      appPort: http.port,
      logLevel: process.logLevel,
      bitcoinNetwork: mode.network,
      metricsEnabled: process.metricsEnabled,
      metricsPort: process.metricsPort,
      sessionTimeoutMinutes: session.sessionTimeoutMs / 60_000,
      concurrentSessionsMax: session.concurrentSessionsMax,
      vtxoExpirationHours: session.vtxoExpirationHours,
      vtxoMinAmountSats: Number(session.vtxoMinAmountSats),
      feeSatsPerVbyte: session.feeSatsPerVbyte,
      l2FeeSats: Number(session.l2FeeSats),
      grpcMaxMessageLength: arkd.maxRequestBytes,
      grpcTimeoutSeconds: arkd.timeoutMs / 1000,
    },
  };
}
