import type { z } from "zod";

import { boolean, integer, secret, text } from "./env-types";
import type { Mode } from "./mode";

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);

/** Limits of every daemon call; the sections of all daemons share them. */
export const daemonLimits = {
  GRPC_MAX_MESSAGE_LENGTH: integer({ min: 65_536 }).default(4_194_304),
  GRPC_MAX_REPLY_LENGTH: integer({ min: 65_536 }).default(209_715_200),
  GRPC_TIMEOUT_SECONDS: integer({ min: 1, max: 600 }).default(30),
  // lnd and tapd drop a connection that pings more often than every 5 s.
  GRPC_KEEPALIVE_SECONDS: integer({ min: 5, max: 7200 }).default(30),
  GRPC_KEEPALIVE_TIMEOUT_SECONDS: integer({ min: 1, max: 600 }).default(10),
  GRPC_ALLOW_PLAINTEXT: boolean().default(false),
  MAX_RETRY_ATTEMPTS: integer({ min: 1, max: 10 }).default(3),
  RETRY_DELAY_SECONDS: integer({ min: 1, max: 60 }).default(1),
  RETRY_MAX_DELAY_SECONDS: integer({ min: 1, max: 600 }).default(30),
  CIRCUIT_BREAKER_THRESHOLD: integer({ min: 1, max: 100 }).default(5),
  CIRCUIT_BREAKER_TIMEOUT_SECONDS: integer({ min: 1, max: 3600 }).default(60),
  HEALTH_CHECK_INTERVAL_SECONDS: integer({ min: 1, max: 3600 }).default(30),
};

type DaemonLimits = z.output<z.ZodObject<typeof daemonLimits>>;

export function toDaemonLimits(values: DaemonLimits) {
  return {
    maxRequestBytes: values.GRPC_MAX_MESSAGE_LENGTH,
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
  };
}

export function checkDaemonLimits(values: DaemonLimits, mode: Mode): string[] {
  const problems: string[] = [];
  if (values.RETRY_DELAY_SECONDS > values.RETRY_MAX_DELAY_SECONDS)
    problems.push("RETRY_DELAY_SECONDS: above RETRY_MAX_DELAY_SECONDS");
  if (mode.isProduction && values.GRPC_ALLOW_PLAINTEXT)
    problems.push("GRPC_ALLOW_PLAINTEXT: true is refused in production");
  return problems;
}

/** How one daemon is reached; `prefix` is ARKD, LND or TAPD. */
export interface EndpointValues {
  readonly host: string;
  readonly tlsCert: string | undefined;
  readonly tlsClientCert: string | undefined;
  readonly tlsClientKey: string | undefined;
  readonly macaroon: string | undefined;
  readonly macaroonHex: string | undefined;
  readonly allowPlaintext: boolean;
}

export function checkEndpoint(prefix: string, values: EndpointValues): string[] {
  const problems: string[] = [];
  if (values.macaroon !== undefined && values.macaroonHex !== undefined)
    problems.push(`${prefix}_MACAROON: set together with ${prefix}_MACAROON_HEX; keep one of them`);
  if ((values.tlsClientCert === undefined) !== (values.tlsClientKey === undefined))
    problems.push(`${prefix}_TLS_CLIENT_CERT: needs ${prefix}_TLS_CLIENT_KEY and the other way round`);
  // With a certificate TLS is used whatever the switch says.
  if (values.allowPlaintext && values.tlsCert === undefined && !LOOPBACK.has(values.host))
    problems.push("GRPC_ALLOW_PLAINTEXT: only for a daemon on this machine");
  return problems;
}

/** A macaroon as hex text instead of a file. */
export function macaroonHex() {
  return secret(
    text()
      .regex(/^([0-9a-fA-F]{2})+$/, "expected hex")
      .optional(),
  );
}
