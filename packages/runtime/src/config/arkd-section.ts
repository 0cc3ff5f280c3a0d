import { boolean, integer, key32, port, secret, text, xOnlyKey } from "./env-types";
import { defineSection } from "./parse-env";
import { DEV_WALLET_SEED, findPlaceholders } from "./placeholder";

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);

/** arkd, the limits of every daemon call, and the seed of the gateway's own VTXO keys. */
export const arkdSection = defineSection({
  variables: {
    ARKD_HOST: text().default("localhost"),
    ARKD_PORT: port().default(7070),
    ARKD_TLS_CERT: text().optional(),
    ARKD_TLS_CLIENT_CERT: text().optional(),
    ARKD_TLS_CLIENT_KEY: secret(text().optional()),
    ARKD_TLS_SERVER_NAME: text().optional(),
    ARKD_MACAROON: text().optional(),
    ARKD_MACAROON_HEX: secret(
      text()
        .regex(/^([0-9a-fA-F]{2})+$/, "expected hex")
        .optional(),
    ),
    ARKD_SIGNER_PUBKEY: xOnlyKey().optional(),
    ARKD_FORFEIT_PUBKEY: xOnlyKey().optional(),
    GATEWAY_WALLET_SEED: secret(key32().prefault(DEV_WALLET_SEED)),
    GRPC_MAX_MESSAGE_LENGTH: integer({ min: 65_536 }).default(4_194_304),
    GRPC_MAX_REPLY_LENGTH: integer({ min: 65_536 }).default(209_715_200),
    GRPC_TIMEOUT_SECONDS: integer({ min: 1, max: 600 }).default(30),
    GRPC_KEEPALIVE_SECONDS: integer({ min: 5, max: 7200 }).default(30),
    GRPC_KEEPALIVE_TIMEOUT_SECONDS: integer({ min: 1, max: 600 }).default(10),
    GRPC_ALLOW_PLAINTEXT: boolean().default(false),
    MAX_RETRY_ATTEMPTS: integer({ min: 1, max: 10 }).default(3),
    RETRY_DELAY_SECONDS: integer({ min: 1, max: 60 }).default(1),
    RETRY_MAX_DELAY_SECONDS: integer({ min: 1, max: 600 }).default(30),
    CIRCUIT_BREAKER_THRESHOLD: integer({ min: 1, max: 100 }).default(5),
    CIRCUIT_BREAKER_TIMEOUT_SECONDS: integer({ min: 1, max: 3600 }).default(60),
    HEALTH_CHECK_INTERVAL_SECONDS: integer({ min: 1, max: 3600 }).default(30),
  },
  requiredInProduction: ["ARKD_HOST", "ARKD_PORT", "ARKD_SIGNER_PUBKEY", "ARKD_FORFEIT_PUBKEY", "GATEWAY_WALLET_SEED"],
  check: (values, mode) => {
    const problems: string[] = [];
    if (values.ARKD_MACAROON !== undefined && values.ARKD_MACAROON_HEX !== undefined) {
      problems.push("ARKD_MACAROON: set together with ARKD_MACAROON_HEX; keep one of them");
    }
    if ((values.ARKD_TLS_CLIENT_CERT === undefined) !== (values.ARKD_TLS_CLIENT_KEY === undefined)) {
      problems.push("ARKD_TLS_CLIENT_CERT: needs ARKD_TLS_CLIENT_KEY and the other way round");
    }
    if (values.RETRY_DELAY_SECONDS > values.RETRY_MAX_DELAY_SECONDS)
      problems.push("RETRY_DELAY_SECONDS: above RETRY_MAX_DELAY_SECONDS");
    if (values.GRPC_ALLOW_PLAINTEXT && !LOOPBACK.has(values.ARKD_HOST))
      problems.push("GRPC_ALLOW_PLAINTEXT: only for a daemon on this machine");
    if (!mode.isProduction) return problems;
    if (values.GRPC_ALLOW_PLAINTEXT) problems.push("GRPC_ALLOW_PLAINTEXT: true is refused in production");
    return [...problems, ...findPlaceholders({ GATEWAY_WALLET_SEED: values.GATEWAY_WALLET_SEED })];
  },
  build: (values, mode) => ({
    network: mode.network,
    host: values.ARKD_HOST,
    port: values.ARKD_PORT,
    /** Paths; the files are read again when they change. */
    tlsCertFile: values.ARKD_TLS_CERT,
    tlsClientCertFile: values.ARKD_TLS_CLIENT_CERT,
    tlsClientKeyFile: values.ARKD_TLS_CLIENT_KEY,
    tlsServerName: values.ARKD_TLS_SERVER_NAME,
    macaroonFile: values.ARKD_MACAROON,
    macaroonHex: values.ARKD_MACAROON_HEX,
    signerPubkey: values.ARKD_SIGNER_PUBKEY,
    forfeitPubkey: values.ARKD_FORFEIT_PUBKEY,
    /** 32 bytes. */
    walletSeed: values.GATEWAY_WALLET_SEED,
    maxRequestBytes: values.GRPC_MAX_MESSAGE_LENGTH,
    maxReplyBytes: values.GRPC_MAX_MESSAGE_LENGTH,
    timeoutMs: values.GRPC_TIMEOUT_SECONDS * 1000,
    keepaliveMs: values.GRPC_KEEPALIVE_SECONDS * 1000,
    keepaliveTimeoutMs: values.GRPC_KEEPALIVE_TIMEOUT_SECONDS * 1000,
    allowPlaintext: values.GRPC_ALLOW_PLAINTEXT,
    retryAttemptsMax: values.MAX_RETRY_ATTEMPTS,
    retryDelayMs: values.RETRY_DELAY_SECONDS * 1000,
    retryDelayMsMax: values.RETRY_MAX_DELAY_SECONDS * 1000,
    breakerThreshold: values.CIRCUIT_BREAKER_THRESHOLD,
    breakerTimeoutMs: values.CIRCUIT_BREAKER_TIMEOUT_SECONDS * 1000,
    healthCheckIntervalMs: values.HEALTH_CHECK_INTERVAL_SECONDS * 1000,
  }),
});
