import { ConfigurationReply } from "@arkrelay/core/http/admin";

import { readRoute } from "../../http/route";

const BPS = 10_000;

export const configurationRoute = readRoute({
  path: "/admin/configuration",
  summary: "The configuration without its secrets",
  auth: ["admin"],
  replies: { 200: ConfigurationReply },
}).handle(({ deps }) => {
  const shown = deps.settings.shownConfiguration;
  const landFeeBps = Number(deps.session.lightningConfig.landFeeBps);
  return Promise.resolve({
    status: 200,
    body: {
      configuration: {
        app: {
          env: shown.env,
          flask_env: shown.env,
          app_port: shown.appPort,
          app_host: shown.appHost,
          service_type: "api",
        },
        logging: { log_level: shown.logLevel },
        network: { bitcoin_network: shown.bitcoinNetwork },
        monitoring: { enable_metrics: shown.metricsEnabled, metrics_port: shown.metricsPort },
        session: {
          session_timeout_minutes: shown.sessionTimeoutMinutes,
          max_concurrent_sessions: shown.concurrentSessionsMax,
        },
        vtxo: {
          vtxo_expiration_hours: shown.vtxoExpirationHours,
          vtxo_min_amount_sats: shown.vtxoMinAmountSats,
        },
        fees: {
          l2_fee_sats: shown.l2FeeSats,
          land_fee_bps: landFeeBps,
          fee_sats_per_vbyte: shown.feeSatsPerVbyte,
          fee_percentage: landFeeBps / BPS,
        },
        grpc: {
          grpc_max_message_length: shown.grpcMaxMessageLength,
          grpc_timeout_seconds: shown.grpcTimeoutSeconds,
        },
      },
    },
  });
});
