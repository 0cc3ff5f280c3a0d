import type { BitcoinNetwork } from "@arkrelay/core/ark/network";
import type { LndEndpoint } from "@arkrelay/daemons/lnd/grpc-lightning-node";

/** Daemons that `npm run test:live` may be pointed at; LND_OUTSIDE is a second lnd with a channel path to and from the first. */
export type LiveName = "LND" | "LND_OUTSIDE" | "TAPD" | "ARKD";

const NETWORKS: readonly BitcoinNetwork[] = ["mainnet", "testnet", "signet", "regtest"];

/** Generous, as for a daemon that is far away. */
const LIMITS = {
  timeoutMs: 30_000,
  retryAttemptsMax: 1,
  retryDelayMs: 100,
  retryDelayMsMax: 500,
  breakerThreshold: 20,
  breakerTimeoutMs: 5_000,
  maxRequestBytes: 4_194_304,
  maxReplyBytes: 209_715_200,
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 10_000,
};

export interface DaemonFiles {
  readonly port: number;
  readonly tlsCertFile: string | undefined;
  readonly macaroonFile: string | undefined;
}

/** The real daemon that CONTRACT_<name> (host:port), _TLS_CERT and _MACAROON (files) name; undefined = the simulator. */
export function liveEndpoint(name: LiveName): LndEndpoint | undefined {
  const { env } = process;
  const address = env[`CONTRACT_${name}`];
  if (address === undefined) return undefined;
  const [, host = "", port = ""] = /^(.+):(\d+)$/.exec(address) ?? [];
  if (port === "") throw new Error(`CONTRACT_${name} is host:port, not ${address}`);
  const files = {
    port: Number(port),
    tlsCertFile: env[`CONTRACT_${name}_TLS_CERT`],
    macaroonFile: env[`CONTRACT_${name}_MACAROON`],
  };
  return { ...endpointOf(files), host, network: liveNetwork() };
}

/** Of a daemon on this machine, on regtest. */
export function endpointOf({ port, tlsCertFile, macaroonFile }: DaemonFiles): LndEndpoint {
  return {
    ...LIMITS,
    host: "localhost",
    port,
    tlsCertFile,
    macaroonFile,
    tlsClientCertFile: undefined,
    tlsClientKeyFile: undefined,
    tlsServerName: undefined,
    macaroonHex: undefined,
    allowPlaintext: tlsCertFile === undefined,
    network: "regtest",
  };
}

export function liveNetwork(): BitcoinNetwork {
  const name = process.env["CONTRACT_NETWORK"] ?? "regtest";
  const network = NETWORKS.find((known) => known === name);
  if (network === undefined) throw new Error(`CONTRACT_NETWORK is one of ${NETWORKS.join(", ")}, not ${name}`);
  return network;
}
