import { cleanEnvironment } from "./run-command.mjs";

/**
 * The environment of the four processes (docs/configuration.md). Variables of the caller win over our development
 * defaults, but not over what ties the parts of this stack together.
 */
export function appEnvironment({ stack, auth, secrets, devnet, apiPort }) {
  const [arkdHost, arkdPort] = devnet.arkd.grpc.split(":");
  const { ADMIN_API_KEY, SECRET_KEY, ENCRYPTION_KEY, GATEWAY_WALLET_SEED, NOSTR_PRIVATE_KEY } = secrets;
  const defaults = {
    SECRET_KEY,
    ENCRYPTION_KEY,
    NOSTR_AUTO_START: "true",
    LOG_DIR: "",
  };
  const bound = {
    ADMIN_API_KEY,
    GATEWAY_WALLET_SEED,
    NOSTR_PRIVATE_KEY,
    NODE_ENV: "development",
    BITCOIN_NETWORK: "regtest",
    DEVNET: "true",
    SOLVER_AUTH: auth,
    APP_HOST: "127.0.0.1",
    APP_PORT: String(apiPort),
    PUBLIC_BASE_URL: stack.api_url,
    DATABASE_URL: stack.database_url,
    REDIS_URL: stack.redis_url,
    NOSTR_RELAYS: stack.relay_urls.join(","),
    ARKD_HOST: arkdHost,
    ARKD_PORT: arkdPort,
    ARKD_SIGNER_PUBKEY: devnet.signer_pubkey,
    ARKD_FORFEIT_PUBKEY: devnet.forfeit_pubkey,
    ...lndEnvironment(devnet.lnd),
    ...tapdEnvironment(devnet.tapd),
    ...(devnet.arkd.tls_cert ? { ARKD_TLS_CERT: devnet.arkd.tls_cert } : { GRPC_ALLOW_PLAINTEXT: "true" }),
  };
  return { ...defaults, ...cleanEnvironment(), ...bound };
}

/** One macaroon for each of the gateway's roles, none of them the admin's: what a role lacks is missed in development. */
function lndEnvironment({ grpc, tls_cert: tlsCert, macaroons }) {
  const [host, port] = grpc.split(":");
  return {
    LND_HOST: host,
    LND_PORT: port,
    LND_TLS_CERT: tlsCert,
    LND_MACAROON: macaroons.readonly,
    LND_INVOICE_MACAROON: macaroons["gateway-invoice"],
    LND_PAY_MACAROON: macaroons["gateway-pay"],
    LND_CHANNEL_MACAROON: macaroons["gateway-channel"],
  };
}

function tapdEnvironment({ grpc, tls_cert: tlsCert, macaroons }) {
  const [host, port] = grpc.split(":");
  return { TAPD_HOST: host, TAPD_PORT: port, TAPD_TLS_CERT: tlsCert, TAPD_MACAROON: macaroons.gateway };
}
