import { checkDaemonLimits, checkEndpoint, daemonLimits, macaroonHex, toDaemonLimits } from "./daemon-variables";
import { filePath, key32, port, secret, text, xOnlyKey } from "./env-types";
import { defineSection } from "./parse-env";
import { DEV_WALLET_SEED, findPlaceholders } from "./placeholder";

/** arkd, and the seed of the gateway's own VTXO keys. */
export const arkdSection = defineSection({
  variables: {
    ARKD_HOST: text().default("localhost"),
    ARKD_PORT: port().default(7070),
    ARKD_TLS_CERT: filePath(),
    ARKD_TLS_CLIENT_CERT: filePath(),
    ARKD_TLS_CLIENT_KEY: filePath(),
    ARKD_TLS_SERVER_NAME: text().optional(),
    ARKD_MACAROON: filePath(),
    ARKD_MACAROON_HEX: macaroonHex(),
    ARKD_SIGNER_PUBKEY: xOnlyKey().optional(),
    ARKD_FORFEIT_PUBKEY: xOnlyKey().optional(),
    GATEWAY_WALLET_SEED: secret(key32().prefault(DEV_WALLET_SEED)),
    ...daemonLimits,
  },
  requiredInProduction: ["ARKD_HOST", "ARKD_PORT", "ARKD_SIGNER_PUBKEY", "ARKD_FORFEIT_PUBKEY", "GATEWAY_WALLET_SEED"],
  check: (values, mode) => {
    const problems = checkEndpoint("ARKD", {
      host: values.ARKD_HOST,
      tlsCert: values.ARKD_TLS_CERT,
      tlsClientCert: values.ARKD_TLS_CLIENT_CERT,
      tlsClientKey: values.ARKD_TLS_CLIENT_KEY,
      macaroon: values.ARKD_MACAROON,
      macaroonHex: values.ARKD_MACAROON_HEX,
      allowPlaintext: values.GRPC_ALLOW_PLAINTEXT,
    });
    problems.push(...checkDaemonLimits(values, mode));
    if (mode.isProduction) problems.push(...findPlaceholders({ GATEWAY_WALLET_SEED: values.GATEWAY_WALLET_SEED }));
    return problems;
  },
  build: (values, mode) => ({
    ...toDaemonLimits(values),
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
    maxReplyBytes: values.GRPC_MAX_MESSAGE_LENGTH,
  }),
});
